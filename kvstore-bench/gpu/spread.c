/*
 * Spreads files over several file systems, as a striped Lustre file system would by itself: each new file in
 * KVSTORE_SPREAD_IN is made on the next of the directories in KVSTORE_SPREAD (separated by colons), with a symbolic link in
 * its place. For fs_native in measurements on hosts without a striped file system only: nothing deletes the files behind the
 * links.
 *
 *   gcc -O2 -shared -fPIC -o spread.so spread.c; LD_PRELOAD=./spread.so ...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int next_directory;

static int spread(const char *path, int flags, mode_t mode) {
    char list[4096], target[4096], *state = NULL;
    const char *directories = getenv("KVSTORE_SPREAD"), *name = strrchr(path, '/');
    int count = 1, at;
    snprintf(list, sizeof list, "%s", directories);
    for (char *c = list; *c; c++) count += *c == ':';
    at = __atomic_fetch_add(&next_directory, 1, __ATOMIC_RELAXED) % count;
    char *directory = strtok_r(list, ":", &state);
    while (at-- > 0) directory = strtok_r(NULL, ":", &state);
    snprintf(target, sizeof target, "%s%s", directory, name);
    unlink(target);
    int fd = (int) syscall(SYS_openat, AT_FDCWD, target, flags, mode);
    if (fd >= 0 && symlink(target, path) != 0) {
        int error = errno;
        close(fd);
        unlink(target);
        errno = error;
        return -1;
    }
    return fd;
}

static int is_to_be_spread(const char *path, int flags) {
    const char *in = getenv("KVSTORE_SPREAD_IN");
    return flags & O_CREAT && getenv("KVSTORE_SPREAD") && in && strncmp(path, in, strlen(in)) == 0 && access(path, F_OK) != 0;
}

static int open_or_spread(const char *path, int flags, mode_t mode) {
    return is_to_be_spread(path, flags) ? spread(path, flags, mode)
                                        : (int) syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (mode_t) va_arg(rest, int);
    va_end(rest);
    return open_or_spread(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (mode_t) va_arg(rest, int);
    va_end(rest);
    return open_or_spread(path, flags | O_LARGEFILE, mode);
}
