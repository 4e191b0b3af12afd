/* A plugin of QEMU that counts the instructions of a program: each block, when it begins, by its length. What it says
   goes to the file that `out=` names. The interface of plugins is declared here as far as it is used: Debian has no
   package with its header. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct block;
typedef uint64_t plugin;

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin id, void (*translated)(plugin, struct block *));
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*begins)(unsigned, void *), int flags, void *);
extern void qemu_plugin_register_atexit_cb(plugin id, void (*ends)(plugin, void *), void *);

enum { NO_REGISTERS = 0 };

__attribute__((visibility("default"))) int qemu_plugin_version = VERSION;

static uint64_t count;
static char out[4096];

static void begins(unsigned cpu, void *length)
{
    (void)cpu;
    count += (uintptr_t)length;
}

static void translated(plugin id, struct block *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, begins, NO_REGISTERS, (void *)qemu_plugin_tb_n_insns(block));
}

static void ends(plugin id, void *nothing)
{
    (void)id, (void)nothing;
    FILE *file = fopen(out, "w");
    if (!file)
        return;
    fprintf(file, "%" PRIu64 "\n", count);
    fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin id, const void *about, int words, char **given)
{
    (void)about;
    if (words != 1 || strncmp(given[0], "out=", 4) || strlen(given[0] + 4) >= sizeof out)
        return 1;
    strcpy(out, given[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ends, 0);
    return 0;
}
