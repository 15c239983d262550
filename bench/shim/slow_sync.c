/* A disk whose sync takes 2 ms longer: preloaded into a server by the bench, so that how groups form can be seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int delayed(const char *name, int fd) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = sync(fd);
    struct timespec delay = {0, 2000000};
    nanosleep(&delay, 0);
    return result;
}

int fdatasync(int fd) { return delayed("fdatasync", fd); }
int fsync(int fd) { return delayed("fsync", fd); }
