/* Files of the tree: found, changed, made, renamed and removed; each line is what a call answers. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void told(const char *what, long answer)
{
    printf("%s: %s\n", what, answer < 0 ? strerror(errno) : answer == 0 ? "done" : "more");
}

static void show(const char *path)
{
    char line[200];
    FILE *file = fopen(path, "r");
    printf("%s:", path);
    if (!file) {
        printf(" %s\n", strerror(errno));
        return;
    }
    size_t length = fread(line, 1, sizeof line - 1, file);
    line[length] = 0;
    for (char *at = line; *at; at++)
        if (*at == '\n')
            *at = '|';
    printf(" %s\n", line);
    fclose(file);
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static void list(const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, 0, by_name);
    printf("in %s:", path);
    for (int i = 0; i < count; i++)
        printf(" %s%s", names[i]->d_name, names[i]->d_type == DT_DIR ? "/" : names[i]->d_type == DT_LNK ? "@" : "");
    printf(count < 0 ? " %s\n" : "\n", strerror(errno));
}

int main(void)
{
    struct stat stat_;
    char word[100] = "";
    show("text");
    show("folder/inner");
    show("folder/link");
    show("missing");
    list("folder");
    told("stat", stat("text", &stat_));
    printf("%ld bytes, mode %o, %s\n", (long)stat_.st_size, stat_.st_mode & 0777, S_ISREG(stat_.st_mode) ? "file" : "?");
    int file = open("text", O_RDWR | O_APPEND);
    told("append", write(file, "more\n", 5));
    told("pread", pread(file, word, 4, 2));
    printf("<%s> at %ld\n", word, (long)lseek(file, 0, SEEK_CUR));
    struct iovec pieces[] = {{"a", 1}, {"", 0}, {"bc\n", 3}};
    told("writev", writev(file, pieces, 3));
    told("truncate", ftruncate(file, 12));
    close(file);
    show("text");
    char *mapped = mmap(0, 12, PROT_READ | PROT_WRITE, MAP_PRIVATE, file = open("text", O_RDONLY), 0);
    mapped[0] = 'M';
    printf("mapped: %.5s\n", mapped);
    close(file);
    show("text");
    told("mkdir", mkdir("new", 0700));
    told("mkdir again", mkdir("new/", 0700));
    file = open("new/sparse", O_CREAT | O_EXCL | O_RDWR, 0640);
    told("exclusive", open("new/sparse", O_CREAT | O_EXCL | O_RDWR, 0640));
    told("seek", lseek(file, 5000, SEEK_SET));
    told("write", write(file, "end", 3));
    told("begin", pread(file, word, 3, 0));
    printf("%d %d, then %ld bytes\n", word[0], word[2], (long)lseek(file, 0, SEEK_END));
    told("rename", rename("new/sparse", "new/other"));
    told("into itself", rename("new", "new/inside"));
    told("over a folder", rename("new/other", "folder"));
    told("symlink", symlink("other", "new/to"));
    told("loop", symlink("loop", "new/loop"));
    told("through it", open("new/loop", O_RDONLY));
    told("readlink", readlink("new/to", word, sizeof word));
    list("new");
    told("rmdir full", rmdir("new"));
    told("unlink folder", unlink("new"));
    told("unlink", unlink("new/other"));
    told("dangling", open("new/to", O_RDONLY));
    told("still there", pread(file, word, 3, 5000));
    printf("<%.3s>\n", word);
    close(file);
    told("unlink", unlink("new/to"));
    told("unlink", unlink("new/loop"));
    told("chdir", chdir("new/../folder"));
    show("../text");
    show("inner");
    told("up", chdir(".."));
    told("rmdir", rmdir("new"));
    told("of a file", open("text/x", O_RDONLY));
    told("write to read", write(file = open("text", O_RDONLY), "x", 1));
    told("dup", dup2(file, 20));
    told("read by it", read(20, word, 4));
    printf("both at %ld\n", (long)lseek(file, 0, SEEK_CUR));
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    told("lock", fcntl(file, F_SETLK, &lock));
    lock.l_type = F_WRLCK;
    told("who locks", fcntl(file, F_GETLK, &lock));
    printf("%s\n", lock.l_type == F_UNLCK ? "nobody else" : "somebody");
    int ends[2];
    told("pipe", pipe(ends));
    told("into it", write(ends[1], "through", 7));
    close(ends[1]);
    told("out of it", read(ends[0], word, 20));
    told("empty", read(ends[0], word + 7, 20));
    printf("<%.7s>\n", word);
    printf("input:");
    while (fgets(word, sizeof word, stdin))
        printf(" %.*s", (int)strcspn(word, "\n"), word);
    printf("\n");
    return 0;
}
