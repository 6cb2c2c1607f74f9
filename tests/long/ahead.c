/*
 * A library to preload: its process sees the clock, and the times of files, so many days ahead.
 *
 *   LD_PRELOAD=$PWD/build/bin/ahead.so AHEAD=365 tests/run
 *
 * With STILL=SECONDS the clock stands still at that second since 1970, and what is random is the
 * same in each process: the same work on the same files leaves the same files (states.py). With
 * SEED=N besides, it depends on that number alone, whatever was drawn before.
 *
 * What waits measures by clocks that are left alone. Times that are set are set back, so that they
 * are read again as they were meant.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static time_t
ahead(void)
{
    const char *days = getenv("AHEAD");

    return days != NULL ? atol(days) * 86400 : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    const char *still = getenv("STILL");
    int status = REAL(clock_gettime)(clock, now);

    if (status != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return status;
    if (still != NULL) /* as whoever set it reads the clock */
        *now = (struct timespec){.tv_sec = atol(still)};
    else
        now->tv_sec += ahead();
    return status;
}

ssize_t
getrandom(void *bytes, size_t length, unsigned flags)
{
    static unsigned state = 1;

    if (getenv("STILL") == NULL)
        return REAL(getrandom)(bytes, length, flags);
    if (getenv("SEED") != NULL)
        state = (unsigned)atol(getenv("SEED"));
    for (size_t i = 0; i < length; i++) {
        state = state * 1103515245 + 12345;
        ((unsigned char *)bytes)[i] = (unsigned char)(state >> 16);
    }
    return (ssize_t)length;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t
time(time_t *now)
{
    struct timespec precise;

    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

static int
shift(int status, struct stat *st)
{
    if (status == 0) {
        st->st_atim.tv_sec += ahead();
        st->st_mtim.tv_sec += ahead();
        st->st_ctim.tv_sec += ahead();
    }
    return status;
}

int
stat(const char *restrict path, struct stat *restrict st)
{
    return shift(REAL(stat)(path, st), st);
}

int
lstat(const char *restrict path, struct stat *restrict st)
{
    return shift(REAL(lstat)(path, st), st);
}

int
fstat(int fd, struct stat *st)
{
    return shift(REAL(fstat)(fd, st), st);
}

int
fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags)
{
    return shift(REAL(fstatat)(fd, path, st, flags), st);
}

int
statx(int fd, const char *restrict path, int flags, unsigned mask, struct statx *restrict st)
{
    int status = REAL(statx)(fd, path, flags, mask, st);

    if (status == 0) {
        st->stx_atime.tv_sec += ahead();
        st->stx_mtime.tv_sec += ahead();
        st->stx_ctime.tv_sec += ahead();
    }
    return status;
}

/* On 64-bit machines the same structure. */
int stat64(const char *restrict path, struct stat64 *restrict st) __attribute__((alias("stat")));
int lstat64(const char *restrict path, struct stat64 *restrict st) __attribute__((alias("lstat")));
int fstat64(int fd, struct stat64 *st) __attribute__((alias("fstat")));
int fstatat64(int fd, const char *restrict path, struct stat64 *restrict st, int flags)
    __attribute__((alias("fstatat")));

static const struct timespec *
set_back(const struct timespec times[2], struct timespec real[2])
{
    for (int i = 0; times != NULL && i < 2; i++) {
        real[i] = times[i];
        if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT)
            real[i].tv_sec -= ahead();
    }
    return times != NULL ? real : NULL;
}

int
utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
    struct timespec real[2];

    return REAL(utimensat)(fd, path, set_back(times, real), flags);
}

int
futimens(int fd, const struct timespec times[2])
{
    struct timespec real[2];

    return REAL(futimens)(fd, set_back(times, real));
}

int
utimes(const char *path, const struct timeval times[2])
{
    if (times == NULL)
        return utimensat(AT_FDCWD, path, NULL, 0);
    const struct timespec precise[2] = {{times[0].tv_sec, times[0].tv_usec * 1000},
                                        {times[1].tv_sec, times[1].tv_usec * 1000}};
    return utimensat(AT_FDCWD, path, precise, 0);
}
