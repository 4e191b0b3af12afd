/* Open files: what descriptors.c, files.c and paths.c share. */
#ifndef TYRNE_LINUX_FILES_H
#define TYRNE_LINUX_FILES_H

#include "tree.h"

#define FILES 64 /* open files, and descriptors */
#define HERE (-100) /* in place of a descriptor: the working directory */
enum { O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200, O_TRUNC = 01000, O_APPEND = 02000,
       O_DIRECTORY = 040000, O_NOFOLLOW = 0100000, O_PATH = 010000000 };
enum { AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000, PERMISSIONS = 07777 };
enum { READ_ONLY = 0, ACCESS = 3 };

/* An open file, which several descriptors may share; none does if `holders` is 0. */
struct open {
    struct node *node;
    uint64_t at; /* where the next byte is read or written; of a directory, the order of the last entry that was told */
    uint32_t flags, holders;
};

struct open *open_file(uint64_t descriptor);
int file_has_end(const struct node *node, uint32_t access);
int64_t existing_node(uint64_t descriptor, uint64_t path, uint64_t flags, struct node **node);
int64_t linux_copy_of_file(uint64_t descriptor, uint64_t at, void *pages, uint64_t length);
int64_t open_node(struct node *node, uint64_t flags);

#endif
