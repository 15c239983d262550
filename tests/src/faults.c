/* Loaded before a server by its tests: makes the system calls under its database fail, and its clock wrong.
 *
 * CCC_FAULTS names a directory. While it holds a file `errno` with a number, writing to the database's files fails with it;
 * while it holds `sync`, syncing them does; `clock` holds the seconds by which the time of day is off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* The number in a file of the directory; 0 where there is none. */
static long told(const char *name) {
    const char *dir = getenv("CCC_FAULTS");
    char path[4096], text[32] = {0};
    if (!dir || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 ? strtol(text, NULL, 10) : 0;
}

static int is_database(int fd) {
    char link[64], path[4096] = {0};
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/ccc.db") != NULL;
}

/* True where this call is to fail; errno is set. */
static int fails(const char *name, int fd) {
    long number = fd > 2 && is_database(fd) ? told(name) : 0;
    if (number) errno = (int)number;
    return number != 0;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    return fails("errno", fd) ? -1 : REAL(ssize_t, write, int, const void *, size_t)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return fails("errno", fd) ? -1 : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return fails("errno", fd) ? -1 : REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, bytes, count, at);
}
int ftruncate64(int fd, off64_t length) {
    return fails("errno", fd) ? -1 : REAL(int, ftruncate64, int, off64_t)(fd, length);
}
int fsync(int fd) {
    return fails("sync", fd) ? -1 : REAL(int, fsync, int)(fd);
}
int fdatasync(int fd) {
    return fails("sync", fd) ? -1 : REAL(int, fdatasync, int)(fd);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(int, clock_gettime, clockid_t, struct timespec *)(clock, time);
    if (clock == CLOCK_REALTIME && result == 0) time->tv_sec += told("clock");
    return result;
}
