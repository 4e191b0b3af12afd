/* Changes its files in each way there is; what comes back of it stands in test_linux_out.py. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text, int flags)
{
    int file = open(path, O_WRONLY | O_CREAT | flags, 0644);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        exit(2);
    close(file);
}

int main(int argc, char **argv)
{
    write_file("made", "made\n", 0);
    write_file("changed", "new", O_TRUNC);
    write_file("appended", "more\n", O_APPEND);
    write_file("empty", "", 0);
    mkdir("folder", 0755);
    mkdir("folder/deep", 0755);
    write_file("folder/deep/file", "deep\n", 0);
    mkdir("bare", 0755);
    rename("moved", "folder/moved");
    rename("whole", "renamed");
    chmod("script", 0755);
    symlink("made", "link");
    symlink("/etc/passwd", "folder/out");
    unlink("removed");
    write_file("/tmp/scratch", "scratch\n", 0);
    write_file("gone", "gone", 0);
    unlink("gone");
    chdir("folder");
    write_file("here", "here\n", 0);
    if (argc > 1 && !strcmp(argv[1], "abort"))
        abort();
    if (argc > 1 && !strcmp(argv[1], "fault"))
        *(volatile int *)8 = 0;
    if (argc > 1 && !strcmp(argv[1], "large")) {
        static char block[1 << 20];
        memset(block, 'x', sizeof block);
        int file = open("/large", O_WRONLY | O_CREAT, 0644);
        write(file, block, sizeof block);
        write(file, block, sizeof block);
        close(file);
        write_file("/after", "after\n", 0);
    }
    if (argc > 1 && !strcmp(argv[1], "long")) { /* a path of 4,095 bytes, and two that are longer */
        char name[251] = {0};
        memset(name, 'n', 250);
        chdir("/");
        for (int i = 0; i < 16; i++)
            if (mkdir(name, 0755) || chdir(name))
                exit(3);
        name[79] = 0;
        write_file(name, "fits\n", 0);
        name[79] = 'o';
        name[80] = 0;
        write_file(name, "lost\n", 0);
        mkdir(name + 1, 0755);
        chdir(name + 1);
        write_file("lost", "lost\n", 0);
    }
    puts("done");
    return 0;
}
