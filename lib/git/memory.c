/* The allocator of libgit2, with a limit; see memory.h. */
#include "git/memory.h"

#include <git2.h>
#include <git2/sys/alloc.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct {
    gsize one, all, taken;
    bool is_on, was_refused;
} limit;

static bool
may_take(gsize n)
{
    if (!limit.is_on)
        return true;
    if (n > limit.one || n > limit.all - limit.taken) {
        limit.was_refused = true;
        return false;
    }
    limit.taken += n;
    return true;
}

static void *
take(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return may_take(n) ? malloc(n) : NULL;
}

static void *
take_again(void *old, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return may_take(n) ? realloc(old, n) : NULL;
}

/* Debian 12 has 1.5, which asks for more functions than there are ways to allocate. */
#if defined(LIBGIT2_VER_MINOR) && LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 6

static bool
multiply(size_t n, size_t size, size_t *product)
{
    return !__builtin_mul_overflow(n, size, product);
}

static void *
take_zeroed(size_t n, size_t size, const char *file, int line)
{
    size_t all;

    (void)file;
    (void)line;
    return multiply(n, size, &all) && may_take(all) ? calloc(n, size) : NULL;
}

static void *
take_array(size_t n, size_t size, const char *file, int line)
{
    size_t all;

    return multiply(n, size, &all) ? take(all, file, line) : NULL;
}

static void *
take_array_again(void *old, size_t n, size_t size, const char *file, int line)
{
    size_t all;

    return multiply(n, size, &all) ? take_again(old, all, file, line) : NULL;
}

static char *
take_piece(const char *text, size_t n, const char *file, int line)
{
    char *copy = n < G_MAXSIZE ? take(n + 1, file, line) : NULL;

    if (copy != NULL) {
        memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}

static char *
take_start(const char *text, size_t n, const char *file, int line)
{
    return take_piece(text, strnlen(text, n), file, line);
}

static char *
take_text(const char *text, const char *file, int line)
{
    return take_piece(text, strlen(text), file, line);
}

#define OTHERS                                                                                     \
    .gcalloc = take_zeroed, .gmallocarray = take_array, .greallocarray = take_array_again,         \
    .gsubstrdup = take_piece, .gstrndup = take_start, .gstrdup = take_text,
#else
#define OTHERS
#endif

void
mp_git_count_memory(void)
{
    git_allocator allocator = {OTHERS.gmalloc = take, .grealloc = take_again, .gfree = free};

    git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &allocator);
}

void
mp_git_limit_memory(gsize one, gsize all)
{
    limit.one = one;
    limit.all = all;
    limit.taken = 0;
    limit.is_on = true;
    limit.was_refused = false;
}

gsize
mp_git_unlimit_memory(bool *was_refused)
{
    limit.is_on = false;
    *was_refused = limit.was_refused;
    return limit.taken;
}
