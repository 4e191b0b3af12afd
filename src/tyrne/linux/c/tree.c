/* The nodes of the tree, their content, and the way from a path to one of them.

   What a program changes stays in its own memory: the content of a file is copied out of the archive when it is first
   written to. Nodes and content are pages of its heap. */

#include "tree.h"

#define MOST_LINKS 40
#define MODE_DIRECTORY 0755u
#define MODE_DEVICE 0666u

static struct node root, *unused;
static uint64_t numbers = 2; /* those of the streams */
static uint64_t orders = 2;  /* those of the two entries that each directory has */

static void begin(struct node *node, enum kind kind, uint32_t mode)
{
    memset(node, 0, sizeof *node);
    node->kind = kind;
    node->mode = mode;
    node->number = ++numbers;
    node->time = linux_now();
}

static struct node *new_node(enum kind kind, uint32_t mode)
{
    if (!unused) {
        struct node *page = linux_take_pages(1);
        if (!page)
            return 0;
        for (uint64_t i = 0; i < PAGE / sizeof *page; i++) {
            page[i].next = unused;
            unused = &page[i];
        }
    }
    struct node *node = unused;
    unused = node->next;
    begin(node, kind, mode);
    return node;
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE;
}

static void give_content(struct node *node)
{
    if (node->room)
        linux_give_pages(node->content, node->room / PAGE);
    node->content = 0;
    node->room = node->size = 0;
}

static void end_if_nobodys(struct node *node)
{
    if (!node->named && !node->holders) {
        give_content(node);
        node->next = unused;
        unused = node;
    }
}

void tree_hold(struct node *node)
{
    node->holders++;
}

void tree_let_go(struct node *node)
{
    if (node->holders) {
        node->holders--;
        end_if_nobodys(node);
    }
}

/* Room for so many bytes, all of them to be written. Those that come to a file are zeros. */
int64_t tree_reserve(struct node *node, uint64_t size)
{
    if (size <= node->room)
        return 0;
    node->given = 0;
    uint64_t wanted = size < 2 * node->room ? 2 * node->room : size;
    uint8_t *content = linux_take_pages(pages_of(wanted));
    if (!content) {
        wanted = size;
        content = linux_take_pages(pages_of(wanted));
    }
    if (!content)
        return -ENOSPC;
    uint64_t kept = node->size;
    memcpy(content, node->content, kept);
    give_content(node);
    node->content = content;
    node->size = kept;
    node->room = pages_of(wanted) * PAGE;
    return 0;
}

/* Give a file another size: it loses its end, or gets zeros. */
int64_t tree_cut(struct node *node, uint64_t size)
{
    node->given = 0;
    if (size > node->size) {
        int64_t refused = tree_reserve(node, size);
        if (refused)
            return refused;
    } else if (size == 0) {
        give_content(node);
    } else if (node->room) {
        memset(node->content + size, 0, node->size - size); /* they must be zeros when it grows again */
    }
    node->size = size;
    node->time = linux_now();
    return 0;
}

static void put_into(struct node *node, struct node *directory)
{
    node->parent = directory;
    node->order = ++orders;
    node->named = 1;
    node->next = 0;
    node->before = directory->last;
    if (directory->last)
        directory->last->next = node;
    else
        directory->first = node;
    directory->last = node;
    directory->time = linux_now();
}

static void take_out(struct node *node)
{
    struct node *directory = node->parent;
    if (node->before)
        node->before->next = node->next;
    else
        directory->first = node->next;
    if (node->next)
        node->next->before = node->before;
    else
        directory->last = node->before;
    node->next = node->before = 0;
    node->named = 0;
    directory->time = linux_now();
}

static void name_it(struct node *node, const struct place *place)
{
    memcpy(node->name, place->name, place->length);
    node->name[place->length] = 0;
    node->length = (uint8_t)place->length;
}

/* A new node where nothing is; 0 when there is no memory for it. */
struct node *tree_add(const struct place *place, enum kind kind, uint32_t mode)
{
    struct node *node = new_node(kind, mode);
    if (node) {
        name_it(node, place);
        put_into(node, place->directory);
    }
    return node;
}

/* A node without a name, which nobody holds yet; 0 when there is no memory for it. */
struct node *tree_nameless(enum kind kind)
{
    return new_node(kind, 0600);
}

/* Another name for a node, where nothing is. */
void tree_move(struct node *node, const struct place *place)
{
    take_out(node);
    name_it(node, place);
    put_into(node, place->directory);
    node->given = 0;
}

/* Its name goes; it goes itself when nobody holds it any more. */
void tree_remove(struct node *node)
{
    take_out(node);
    end_if_nobodys(node);
}

/* Whether the way from the root to a node leads through another, or it is that one. */
int tree_holds(const struct node *above, const struct node *node)
{
    while (node != above && node != &root)
        node = node->parent;
    return node == above;
}

static struct node *child(struct node *directory, const char *name, uint32_t length)
{
    for (struct node *node = directory->first; node; node = node->next) {
        uint32_t i = 0;
        while (node->length == length && i < length && node->name[i] == name[i])
            i++;
        if (node->length == length && i == length)
            return node;
    }
    return 0;
}

static int64_t arrive(struct place *found, struct node *directory, struct node *node, const char *name, uint32_t length)
{
    found->directory = directory;
    found->node = node;
    found->length = length;
    memcpy(found->name, name, length);
    found->name[length] = 0;
    return 0;
}

/* Where a path leads from a directory; the last name of it need not be there. `follow`: a link at its end, too. */
int64_t tree_find(struct node *from, const char *path, int follow, struct place *found)
{
    static char work[2 * MOST_PATH]; /* what is left of the path, at its end: the text of a link comes before it */
    uint64_t length = 0, links = 0;
    while (path[length])
        if (++length == MOST_PATH)
            return -ENAMETOOLONG;
    if (!length)
        return -ENOENT;
    char *left = work + sizeof work - 1 - length;
    memcpy(left, path, length + 1);
    struct node *at = *left == '/' ? tree_root() : from;
    for (;;) {
        while (*left == '/')
            left++;
        found->as_directory = 1;
        if (at->kind != DIRECTORY)
            return -ENOTDIR;
        if (!*left)
            return arrive(found, at->parent, at, at->name, at->length);
        const char *name = left;
        while (*left && *left != '/')
            left++;
        uint64_t size = (uint64_t)(left - name);
        if (size == 1 && name[0] == '.')
            continue;
        if (size == 2 && name[0] == '.' && name[1] == '.') {
            at = at->parent;
            continue;
        }
        if (size > MOST_NAME)
            return -ENAMETOOLONG;
        const char *rest = left;
        while (*rest == '/')
            rest++;
        struct node *node = child(at, name, (uint32_t)size);
        if (node && node->kind == LINK && (*left || follow)) {
            if (++links > MOST_LINKS)
                return -ELOOP;
            if ((uint64_t)(left - work) < node->size)
                return -ENAMETOOLONG;
            left -= node->size;
            memcpy(left, node->content, node->size);
            at = *left == '/' ? tree_root() : at;
            continue;
        }
        if (!*rest) {
            found->as_directory = *left == '/';
            if (node && found->as_directory && node->kind != DIRECTORY)
                return -ENOTDIR;
            return arrive(found, at, node, name, (uint32_t)size);
        }
        if (!node)
            return -ENOENT;
        at = node;
    }
}

static void add_device(struct node *directory, const char *name, enum kind kind)
{
    struct place place;
    uint32_t length = 0;
    while (name[length])
        length++;
    arrive(&place, directory, 0, name, length);
    if (!child(directory, name, length))
        tree_add(&place, kind, MODE_DEVICE);
}

static const char *const upper[] = {"dev", "tmp"};

/* The root: what the archive has, and the devices, which it cannot replace. */
struct node *tree_root(void)
{
    if (root.number)
        return &root;
    begin(&root, DIRECTORY, MODE_DIRECTORY);
    root.parent = &root;
    root.holders = 1; /* the tree itself */
    for (uint64_t i = 0; i < sizeof upper / sizeof *upper; i++) {
        struct place place;
        arrive(&place, &root, 0, upper[i], 3);
        struct node *made = tree_add(&place, DIRECTORY, MODE_DIRECTORY);
        if (made)
            made->given = 1;
    }
    struct node *devices = root.first;
    if (devices) {
        add_device(devices, "null", NOTHING);
        add_device(devices, "zero", ZEROS);
        add_device(devices, "random", RANDOM);
        add_device(devices, "urandom", RANDOM);
    }
    archive_unpack(&root);
    return &root;
}

/* The root, if anybody has asked for a path yet; otherwise 0. */
struct node *tree_made(void)
{
    return root.number ? &root : 0;
}
