/*
 * Runs a command and does something to it at its Nth system call.
 *
 *   killat --list FILE -- COMMAND…            writes each call: number, name, what it is about
 *   killat --kill N -- COMMAND…               SIGKILL before the Nth call is executed
 *   killat --fail N --error NAME -- COMMAND…  the Nth call fails with ENOSPC, EIO, …, or is SHORT
 *   killat --kill N --cut DIR:FLAGS -- …      before that the power of DIR's file system is cut
 *   … --sync M:DIR                            before the Mth call all of it is written, as by
 * chance … --lasting                               so does every later call of the same kind …
 * --children                              counts the calls of child processes instead … --begin
 * TEXT                            counts from the first call on a path with TEXT in it … --call
 * NAME                             counts only the calls of that name
 *
 * Calls of all threads count. Says on standard output how it ended, one line:
 *   calls=N hit=NAME exit=STATUS | signal=NUMBER | hang=SECONDS
 * The command's standard output goes nowhere. What a call may fail with is faults.py's business.
 */
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "the register names of other machines are missing here"
#endif

#define HANG_S    30
#define GRACE_S   5 /* for what the command leaves behind, which ends with us */
#define MAX_TASKS 256
#define NO_CALL   (-1)
#define SHUTDOWN  _IOR('X', 125, __u32) /* of ext4, XFS, f2fs: what is unwritten is lost */

/* --- Calls that touch the world outside; any other is listed by its number ------------------- */

static const struct {
    long number;
    const char *name;
    int path, flags, length; /* which arguments these are; -1 for none */
} calls[] = {
    {SYS_read, "read", -1, -1, 2},
    {SYS_pread64, "pread64", -1, -1, 2},
    {SYS_write, "write", -1, -1, 2},
    {SYS_pwrite64, "pwrite64", -1, -1, 2},
    {SYS_writev, "writev", -1, -1, -1},
    {SYS_open, "open", 0, 1, -1},
    {SYS_openat, "openat", 1, 2, -1},
    {SYS_close, "close", -1, -1, -1},
    {SYS_fsync, "fsync", -1, -1, -1},
    {SYS_fdatasync, "fdatasync", -1, -1, -1},
    {SYS_ftruncate, "ftruncate", -1, -1, -1},
    {SYS_fallocate, "fallocate", -1, -1, -1},
    {SYS_rename, "rename", 0, -1, -1},
    {SYS_renameat, "renameat", 1, -1, -1},
    {SYS_renameat2, "renameat2", 1, -1, -1},
    {SYS_link, "link", 0, -1, -1},
    {SYS_linkat, "linkat", 1, -1, -1},
    {SYS_unlink, "unlink", 0, -1, -1},
    {SYS_unlinkat, "unlinkat", 1, -1, -1},
    {SYS_symlink, "symlink", 1, -1, -1},
    {SYS_mkdir, "mkdir", 0, -1, -1},
    {SYS_mkdirat, "mkdirat", 1, -1, -1},
    {SYS_rmdir, "rmdir", 0, -1, -1},
    {SYS_stat, "stat", 0, -1, -1},
    {SYS_lstat, "lstat", 0, -1, -1},
    {SYS_fstat, "fstat", -1, -1, -1},
    {SYS_newfstatat, "newfstatat", 1, -1, -1},
    {SYS_statx, "statx", 1, -1, -1},
    {SYS_statfs, "statfs", 0, -1, -1},
    {SYS_access, "access", 0, -1, -1},
    {SYS_faccessat, "faccessat", 1, -1, -1},
    {SYS_faccessat2, "faccessat2", 1, -1, -1},
    {SYS_readlink, "readlink", 0, -1, -1},
    {SYS_chmod, "chmod", 0, -1, -1},
    {SYS_fchmod, "fchmod", -1, -1, -1},
    {SYS_fchmodat, "fchmodat", 1, -1, -1},
    {SYS_lchown, "lchown", 0, -1, -1},
    {SYS_fchownat, "fchownat", 1, -1, -1},
    {SYS_utimensat, "utimensat", 1, -1, -1},
    {SYS_getdents64, "getdents64", -1, -1, -1},
    {SYS_mmap, "mmap", -1, -1, -1},
    {SYS_mremap, "mremap", -1, -1, -1},
    {SYS_brk, "brk", -1, -1, -1},
    {SYS_flock, "flock", -1, -1, -1},
    {SYS_fcntl, "fcntl", -1, 1, -1},
    {SYS_dup, "dup", -1, -1, -1},
    {SYS_dup2, "dup2", -1, -1, -1},
    {SYS_socketpair, "socketpair", -1, -1, -1},
    {SYS_sendmsg, "sendmsg", -1, -1, -1},
    {SYS_recvmsg, "recvmsg", -1, -1, -1},
    {SYS_recvfrom, "recvfrom", -1, -1, 2},
    {SYS_poll, "poll", -1, -1, -1},
    {SYS_ppoll, "ppoll", -1, -1, -1},
    {SYS_memfd_create, "memfd_create", -1, -1, -1},
    {SYS_clone, "clone", -1, -1, -1},
    {SYS_clone3, "clone3", -1, -1, -1},
    {SYS_fork, "fork", -1, -1, -1},
    {SYS_vfork, "vfork", -1, -1, -1},
    {SYS_execve, "execve", 0, -1, -1},
    {SYS_wait4, "wait4", -1, -1, -1},
    {SYS_kill, "kill", -1, -1, -1},
    {SYS_setsid, "setsid", -1, -1, -1},
    {SYS_getrandom, "getrandom", -1, -1, -1},
    {SYS_inotify_init1, "inotify_init1", -1, -1, -1},
    {SYS_inotify_add_watch, "inotify_add_watch", 1, -1, -1},
};

#define N_CALLS (sizeof calls / sizeof calls[0])

static const struct {
    const char *name;
    int code;
} errors[] = {
    {"EIO", EIO},         {"ENOSPC", ENOSPC}, {"EINTR", EINTR},   {"EMFILE", EMFILE},
    {"ENFILE", ENFILE},   {"ENOMEM", ENOMEM}, {"EDQUOT", EDQUOT}, {"EOPNOTSUPP", EOPNOTSUPP},
    {"EROFS", EROFS},     {"EAGAIN", EAGAIN}, {"EACCES", EACCES}, {"ENOLCK", ENOLCK},
    {"ENOBUFS", ENOBUFS}, {"SHORT", 0},
};

/* --- What is traced ------------------------------------------------------------------------- */

typedef struct {
    pid_t id;
    bool is_child, is_failing,
        is_spoilt;                 /* the call that it is in is to fail; has other arguments */
    struct user_regs_struct asked; /* what it asked for: a call changes no argument */
} Task;

typedef struct {
    FILE *list;
    long at, sync_at;
    int cut_fd, sync_fd; /* on the file systems; -1 for none */
    __u32 cut_flags;     /* 0: written out first, 1: the log written out, 2: nothing is */
    bool kills, fails, is_lasting, of_children;
    int code;
    const char *begin, *only;
    pid_t main;
    bool is_started, has_begun, is_over;
    long count, kind; /* kind: the number of the call that was hit */
    const char *hit;
    Task tasks[MAX_TASKS];
    size_t n_tasks;
} Run;

static volatile sig_atomic_t is_late;
static pid_t to_end;

static void
too_late(int number)
{
    (void)number;
    is_late = 1;
    if (to_end > 0)
        kill(to_end, SIGKILL);
}

static Task *
task_of(Run *run, pid_t id)
{
    char path[64], line[256];
    FILE *status;
    pid_t group = 0;

    for (size_t i = 0; i < run->n_tasks; i++)
        if (run->tasks[i].id == id)
            return &run->tasks[i];
    snprintf(path, sizeof path, "/proc/%d/status", (int)id);
    status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "Tgid: %d", &group) == 1)
            break;
    if (status != NULL)
        fclose(status);
    if (run->n_tasks == MAX_TASKS)
        exit(2);
    run->tasks[run->n_tasks] = (Task){.id = id, .is_child = group != run->main};
    return &run->tasks[run->n_tasks++];
}

static size_t
row_of(long number)
{
    size_t i = 0;

    while (i < N_CALLS && calls[i].number != number)
        i++;
    return i;
}

static const char *
name_of(long number)
{
    static char other[32];
    size_t i = row_of(number);

    if (i < N_CALLS)
        return calls[i].name;
    snprintf(other, sizeof other, "call-%ld", number);
    return other;
}

static void
read_string(pid_t id, unsigned long address, char *into, size_t size)
{
    struct iovec local = {into, size - 1}, remote = {(void *)address, size - 1};
    size_t to_page = 4096 - address % 4096;

    memset(into, 0, size);
    if (address == 0 || process_vm_readv(id, &local, 1, &remote, 1, 0) > 0 || to_page >= size)
        return;
    remote.iov_len = to_page; /* the page after it is not there */
    (void)process_vm_readv(id, &local, 1, &remote, 1, 0);
}

static unsigned long long
argument(const struct user_regs_struct *regs, int which)
{
    const unsigned long long all[] = {regs->rdi, regs->rsi, regs->rdx,
                                      regs->r10, regs->r8,  regs->r9};

    return which >= 0 ? all[which] : 0;
}

static void
describe(Run *run, pid_t id, const struct user_regs_struct *regs)
{
    char path[512] = "";
    size_t i = row_of((long)regs->orig_rax);

    if (i < N_CALLS && calls[i].path >= 0)
        read_string(id, argument(regs, calls[i].path), path, sizeof path);
    for (char *p = path; *p != '\0'; p++)
        if (*p == '\n' || *p == '\t')
            *p = '?';
    fprintf(run->list, "%ld\t%s\t%llu\t%s\n", run->count, name_of((long)regs->orig_rax),
            i < N_CALLS ? argument(regs, calls[i].flags) : 0, path);
}

static bool
is_counted(Run *run, pid_t id, const struct user_regs_struct *regs)
{
    char path[512] = "";
    size_t i = row_of((long)regs->orig_rax);

    if (!run->has_begun && run->begin != NULL && i < N_CALLS && calls[i].path >= 0)
        read_string(id, argument(regs, calls[i].path), path, sizeof path);
    run->has_begun = run->has_begun || run->begin == NULL || strstr(path, run->begin) != NULL;
    return run->has_begun &&
           (run->only == NULL || strcmp(name_of((long)regs->orig_rax), run->only) == 0);
}

/* --- One call ------------------------------------------------------------------------------- */

static void
set_registers(pid_t id, struct user_regs_struct *regs)
{
    struct iovec area = {regs, sizeof *regs};

    ptrace(PTRACE_SETREGSET, id, (void *)NT_PRSTATUS, &area);
}

/* Before the call: it is replaced by none, or made to do less. */
static void
spoil(Run *run, Task *task, struct user_regs_struct *regs)
{
    long number = (long)regs->orig_rax;

    task->asked = *regs;
    task->is_spoilt = true;
    if (run->code == 0) {
        regs->rdx =
            regs->rdx > 1 ? regs->rdx / 2 : regs->rdx; /* the length, of each call that has one */
    } else if (number == SYS_brk) {
        regs->rdi = 0; /* answers where the break is, which is how it fails */
    } else {
        task->is_failing = true;
        if (number != SYS_close) /* a descriptor is closed, whatever close(2) says */
            regs->orig_rax = (unsigned long long)NO_CALL;
    }
    set_registers(task->id, regs);
}

static void
before_call(Run *run, Task *task)
{
    struct user_regs_struct regs;
    struct iovec area = {&regs, sizeof regs};

    if (run->is_over || task->is_child != run->of_children ||
        ptrace(PTRACE_GETREGSET, task->id, (void *)NT_PRSTATUS, &area) < 0 ||
        !is_counted(run, task->id, &regs))
        return;
    run->count++;
    if (run->list != NULL)
        describe(run, task->id, &regs);
    if (run->count == run->at) {
        run->kind = (long)regs.orig_rax;
        run->hit = strdup(name_of(run->kind));
    }
    if (run->sync_fd >= 0 && run->count == run->sync_at)
        syncfs(run->sync_fd);
    if (run->kills && run->count == run->at) {
        if (run->cut_fd >= 0 && ioctl(run->cut_fd, SHUTDOWN, &run->cut_flags) < 0) {
            perror("killat: cannot cut the power");
            exit(2);
        }
        regs.orig_rax = (unsigned long long)NO_CALL;
        set_registers(task->id, &regs);
        kill(task->is_child ? task->id : run->main, SIGKILL);
        run->is_over = true;
    }
    if (run->fails && (run->count == run->at || (run->is_lasting && run->count > run->at &&
                                                 (long)regs.orig_rax == run->kind)))
        spoil(run, task, &regs);
}

static void
after_call(Run *run, Task *task)
{
    struct user_regs_struct regs;
    struct iovec area = {&regs, sizeof regs};

    if (!task->is_spoilt || ptrace(PTRACE_GETREGSET, task->id, (void *)NT_PRSTATUS, &area) < 0)
        return;
    if (task->is_failing)
        regs.rax = (unsigned long long)-run->code;
    regs.rdi = task->asked.rdi;
    regs.rdx = task->asked.rdx;
    task->is_failing = task->is_spoilt = false;
    set_registers(task->id, &regs);
}

static void
syscall_stop(Run *run, Task *task)
{
    struct __ptrace_syscall_info info = {0};

    if (ptrace(PTRACE_GET_SYSCALL_INFO, task->id, sizeof info, &info) <= 0 || !run->is_started)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        before_call(run, task);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        after_call(run, task);
}

/* --- The whole command ---------------------------------------------------------------------- */

/* What to pass on to a stopped task: the signal that it stopped for, if that is what it was. */
static int
handle_stop(Run *run, pid_t id, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;

    if (signal == (SIGTRAP | 0x80)) {
        syscall_stop(run, task_of(run, id));
        return 0;
    }
    if (event == PTRACE_EVENT_EXEC) {
        run->is_started = true;
        return 0;
    }
    if (event != 0)
        return 0;
    if (signal == SIGSTOP) /* how a new task starts; nobody else sends it */
        return 0;
    return signal;
}

static void
say_end(const Run *run, int status, bool is_hanging)
{
    printf("calls=%ld hit=%s ", run->count, run->hit != NULL ? run->hit : "-");
    if (is_hanging)
        printf("hang=%d\n", HANG_S);
    else if (WIFSIGNALED(status))
        printf("signal=%d\n", WTERMSIG(status));
    else
        printf("exit=%d\n", WEXITSTATUS(status));
}

static void
follow(Run *run)
{
    int status, end = 0;
    bool is_ended = false, is_hanging = false;
    pid_t id;

    while ((id = waitpid(-1, &status, __WALL)) > 0 || (errno == EINTR && to_end > 0)) {
        if (id <= 0)
            continue;
        if (WIFSTOPPED(status)) {
            int signal = handle_stop(run, id, status);
            ptrace(PTRACE_SYSCALL, id, 0, signal);
        } else if (id == run->main) {
            end = status;
            is_ended = true;
            is_hanging = is_late;
            to_end = 0;
            alarm(GRACE_S);
        }
    }
    say_end(run, is_ended ? end : 0, is_hanging);
}

static void
start(Run *run, char **command)
{
    long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    int status, null;

    run->main = fork();
    if (run->main == 0) {
        null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(command[0], command);
        _exit(127);
    }
    if (waitpid(run->main, &status, 0) < 0 || !WIFSTOPPED(status)) {
        fprintf(stderr, "killat: cannot trace\n");
        exit(2);
    }
    if (run->of_children)
        options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    ptrace(PTRACE_SETOPTIONS, run->main, 0, options);
    to_end = run->main;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = too_late}, NULL);
    alarm(HANG_S);
    ptrace(PTRACE_SYSCALL, run->main, 0, 0);
}

static int
open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        perror(path);
        exit(2);
    }
    return fd;
}

static int
code_of(const char *name)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].code;
    fprintf(stderr, "killat: unknown error %s\n", name);
    exit(2);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"list", required_argument, NULL, 'l'},
        {"kill", required_argument, NULL, 'k'},
        {"fail", required_argument, NULL, 'f'},
        {"error", required_argument, NULL, 'e'},
        {"begin", required_argument, NULL, 'b'},
        {"lasting", no_argument, NULL, 'p'},
        {"cut", required_argument, NULL, 'x'},
        {"sync", required_argument, NULL, 's'},
        {"children", no_argument, NULL, 'c'},
        {"call", required_argument, NULL, 'n'},
        {NULL, 0, NULL, 0},
    };
    Run run = {.kind = NO_CALL, .code = EIO, .cut_fd = -1, .sync_fd = -1};
    char *colon;

    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        switch (option) {
        case 'l':
            run.list = fopen(optarg, "we");
            break;
        case 'k':
            run.kills = true;
            run.at = atol(optarg);
            break;
        case 'f':
            run.fails = true;
            run.at = atol(optarg);
            break;
        case 'e':
            run.code = code_of(optarg);
            break;
        case 'b':
            run.begin = optarg;
            break;
        case 'p':
            run.is_lasting = true;
            break;
        case 'c':
            run.of_children = true;
            break;
        case 'x':
            colon = strrchr(optarg, ':');
            if (colon == NULL)
                return 2;
            *colon = '\0';
            run.cut_flags = (__u32)atoi(colon + 1);
            run.cut_fd = open_directory(optarg);
            break;
        case 's':
            colon = strchr(optarg, ':');
            if (colon == NULL)
                return 2;
            run.sync_at = atol(optarg);
            run.sync_fd = open_directory(colon + 1);
            break;
        case 'n':
            run.only = optarg;
            break;
        default:
            return 2;
        }
    }
    if (optind == argc)
        return 2;
    start(&run, argv + optind);
    follow(&run);
    if (run.list != NULL)
        fclose(run.list);
    return 0;
}
