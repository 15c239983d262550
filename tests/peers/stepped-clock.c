/* Preloaded into a server under test: the wall clock is off by as many milliseconds as stand in a file, which the test changes
 * while the server runs, and another start of the machine is told where the test wrote one. Nothing else is other than it is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char BOOT_ID[] = "/proc/sys/kernel/random/boot_id";
static const volatile int64_t *off_millis;
static char boot[4096];

__attribute__((constructor)) static void begin(void)
{
    const char *directory = getenv("CCC_TEST_CLOCK");
    char path[4096];
    if (!directory) return;
    snprintf(path, sizeof path, "%s/off-millis", directory);
    snprintf(boot, sizeof boot, "%s/boot-id", directory);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) abort();
    void *mapped = mmap(NULL, sizeof *off_millis, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    close(file);
    off_millis = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && clock == CLOCK_REALTIME && off_millis) {
        int64_t nanos = at->tv_nsec + (*off_millis % 1000) * 1000000;
        at->tv_sec += *off_millis / 1000;
        while (nanos < 0) nanos += 1000000000, at->tv_sec--;
        while (nanos >= 1000000000) nanos -= 1000000000, at->tv_sec++;
        at->tv_nsec = nanos;
    }
    return result;
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    if (boot[0] && strcmp(path, BOOT_ID) == 0 && access(boot, R_OK) == 0) path = boot;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
