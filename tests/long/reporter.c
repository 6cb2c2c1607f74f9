/*
 * Linked into what `make sanitize` builds: every process tells what a sanitizer finds in one file,
 * REPORTS, since most of them have no standard error that anybody reads, and the worker can open
 * nothing once it has locked itself in.
 */
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define OUT_OF_THE_WAY 100 /* of descriptors that programs count on */

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_suppressions(void);
int __lsan_is_turned_off(void);

const char *
__asan_default_options(void)
{
    return "exitcode=86:detect_leaks=1:detect_stack_use_after_return=1";
}

const char *
__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}

/* What the test framework keeps of its own is not ours to give back. */
const char *
__lsan_default_suppressions(void)
{
    return "leak:libcriterion\n";
}

/* Who is traced already, by strace or by the kernel's own means, cannot look for leaks. */
int
__lsan_is_turned_off(void)
{
    char status[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, status, sizeof status - 1) : -1;
    const char *tracer;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 1;
    status[n] = '\0';
    tracer = strstr(status, "TracerPid:\t");
    return tracer != NULL && tracer[strlen("TracerPid:\t")] != '0';
}

__attribute__((constructor)) static void
report_to_file(void)
{
    int opened = open(REPORTS, O_WRONLY | O_APPEND | O_CLOEXEC);
    int fd = opened < 0 ? -1 : fcntl(opened, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);

    if (opened >= 0)
        close(opened);
    if (fd >= 0)
        __sanitizer_set_report_fd((void *)(intptr_t)fd);
}
