/* The worker's sandbox: resource limits, Landlock, seccomp; see sandbox.h. */
#include "worker/sandbox.h"

#include "base/file.h"
#include "base/protect.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As of Landlock's ABI 6; older headers know less of it. */
struct ruleset {
    guint64 handled_access_fs, handled_access_net, scoped;
};

static bool
enter_landlock(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    guint fs_rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
    struct ruleset rules = {(1U << fs_rights) - 1, 3, 3};
    gsize size = abi >= 6 ? sizeof rules : abi >= 4 ? 2 * sizeof(guint64) : sizeof(guint64);

    if (abi < 1)
        return false;
    g_auto(MpFd) fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    return fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* All that is needed to compute, to talk over an open socket, to read an open file, and to die. */
static const int allowed[] = {
    SCMP_SYS(read),         SCMP_SYS(readv),
    SCMP_SYS(write),        SCMP_SYS(writev),
    SCMP_SYS(pread64),      SCMP_SYS(lseek),
    SCMP_SYS(recvmsg),      SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),      SCMP_SYS(sendto),
    SCMP_SYS(fstat),        SCMP_SYS(close),
    SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(brk),          SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),  SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(clock_getres), SCMP_SYS(getrusage),
    SCMP_SYS(setitimer),    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),       SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),  SCMP_SYS(poll),
    SCMP_SYS(ppoll),        SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

static int
add_rules(scmp_filter_ctx filter)
{
    int problem = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        problem |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    /* no code made at run time, no limit changed, own death only */
    problem |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    problem |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    problem |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                                SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    problem |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    return problem;
}

static bool
enter_seccomp(void)
{
    /* A refused call fails, rather than kills, so that a library can do without. */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EACCES));

    if (filter == NULL)
        return false;
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    bool is_in_force = add_rules(filter) == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return is_in_force;
}

static void
limit(int resource, rlim_t value)
{
    struct rlimit both = {value, value};

    (void)setrlimit((__rlimit_resource_t)resource, &both);
}

guint
mp_sandbox_enter(void)
{
    guint flags = 0;

    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    limit(RLIMIT_NOFILE, 16); /* 0 to 3, a ruleset, and one file at a time */
#ifndef MP_HAS_SANITIZER
    limit(RLIMIT_FSIZE, 0);
    flags |= MP_SANDBOX_MEMORY;
#endif
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        flags |= enter_landlock() ? MP_SANDBOX_LANDLOCK : 0;
        flags |= enter_seccomp() ? MP_SANDBOX_SECCOMP : 0;
    }
    return flags;
}
