#include "net/call_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define SR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SR_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef SR_ARCHITECTURE

#define FILTER_MAX 256u
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
/* A caller that is told that a new call is missing takes the old one, which can be judged. */
#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)
#define X32_BIT 0x40000000u

typedef struct {
    struct sock_filter code[FILTER_MAX];
    unsigned short length;
} Filter;

/* Which call a filter tells apart by an argument, all bits of which are in its lower half. */
typedef struct {
    int call;
    guint argument;
    guint32 mask;
    guint32 value;
} Condition;

/* Programs, processes, other processes, namespaces, large doors into the kernel, files. */
static const int refused_calls[] = {
    __NR_execve,
    __NR_execveat,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_process_madvise,
    __NR_pidfd_open,
    __NR_pidfd_getfd,
    __NR_pidfd_send_signal,
    __NR_kill,
    __NR_tkill,
    __NR_rt_sigqueueinfo,
    __NR_rt_tgsigqueueinfo,
    __NR_unshare,
    __NR_setns,
    __NR_chroot,
    __NR_pivot_root,
    __NR_mount,
    __NR_umount2,
    __NR_move_mount,
    __NR_open_tree,
    __NR_fsopen,
    __NR_fsmount,
    __NR_kexec_load,
    __NR_init_module,
    __NR_finit_module,
    __NR_bpf,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_io_uring_setup,
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    __NR_listen,
    __NR_accept,
    __NR_accept4,
    __NR_open_by_handle_at,
    __NR_truncate,
    __NR_renameat2,
    __NR_unlinkat,
    __NR_mkdirat,
    __NR_linkat,
    __NR_symlinkat,
    __NR_mknodat,
    __NR_fchmod,
    __NR_fchmodat,
    __NR_fchown,
    __NR_fchownat,
    __NR_utimensat,
    __NR_setxattr,
    __NR_lsetxattr,
    __NR_fsetxattr,
    __NR_removexattr,
    __NR_lremovexattr,
    __NR_renameat,
#ifdef __x86_64__
    __NR_fork,
    __NR_vfork,
    __NR_kexec_file_load,
    __NR_creat,
    __NR_rename,
    __NR_unlink,
    __NR_mkdir,
    __NR_rmdir,
    __NR_link,
    __NR_symlink,
    __NR_mknod,
    __NR_chmod,
    __NR_chown,
    __NR_lchown,
    __NR_utime,
    __NR_utimes,
    __NR_futimesat,
#endif
};

/* What the loop of the listener does, and how libc tells the time where the kernel does not. */
static const int listener_calls[] = {
    __NR_read,          __NR_write,      __NR_ppoll,           __NR_accept4,
    __NR_recvfrom,      __NR_sendto,     __NR_shutdown,        __NR_close,
    __NR_clock_gettime, __NR_exit_group, __NR_restart_syscall, __NR_rt_sigreturn,
#ifdef __x86_64__
    __NR_poll,
#endif
};

static void add(Filter *filter, guint16 code, guint32 k, guint8 when_true, guint8 when_false)
{
    g_assert(filter->length < FILTER_MAX);
    filter->code[filter->length++] = (struct sock_filter){code, when_true, when_false, k};
}

static void add_load(Filter *filter, gsize offset)
{
    add(filter, BPF_LD | BPF_W | BPF_ABS, (guint32)offset, 0, 0);
}

static void add_jump(Filter *filter, guint32 value, guint8 when_equal, guint8 when_other)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, when_equal, when_other);
}

static void add_return(Filter *filter, guint32 action)
{
    add(filter, BPF_RET | BPF_K, action, 0, 0);
}

/* Calls of another kind (32 bits, x32) have other numbers. Leaves the number loaded. */
static void begin(Filter *filter)
{
    filter->length = 0;
    add_load(filter, offsetof(struct seccomp_data, arch));
    add_jump(filter, SR_ARCHITECTURE, 1, 0);
    add_return(filter, SECCOMP_RET_KILL_PROCESS);
    add_load(filter, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    add(filter, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    add_return(filter, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void on_call(Filter *filter, int call, guint32 action)
{
    add_jump(filter, (guint32)call, 0, 1);
    add_return(filter, action);
}

static void load_argument(Filter *filter, guint argument)
{
    add_load(filter, offsetof(struct seccomp_data, args) + argument * sizeof(guint64));
}

/* Refuse the call unless its argument under the mask has the value. */
static void refuse_unless(Filter *filter, Condition condition)
{
    add_jump(filter, (guint32)condition.call, 0, 5);
    load_argument(filter, condition.argument);
    add(filter, BPF_ALU | BPF_AND | BPF_K, condition.mask, 0, 0);
    add_jump(filter, condition.value, 1, 0);
    add_return(filter, REFUSE);
    add_load(filter, offsetof(struct seccomp_data, nr));
}

static void refuse_other_sockets(Filter *filter)
{
    add_jump(filter, __NR_socket, 0, 6);
    load_argument(filter, 0);
    add_jump(filter, AF_INET, 3, 0);
    add_jump(filter, AF_INET6, 2, 0);
    add_jump(filter, AF_NETLINK, 1, 0); /* getaddrinfo asks which addresses this machine has */
    add_return(filter, REFUSE);
    add_load(filter, offsetof(struct seccomp_data, nr));
}

/* A kernel without filters knows neither the call nor the mode. */
static gboolean install(Filter *filter)
{
    struct sock_fprog program = {filter->length, filter->code};

    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 || errno == ENOSYS ||
           errno == EINVAL;
}

gboolean sr_call_filter_exchange(void)
{
    const guint32 writing = O_ACCMODE | O_CREAT | O_TRUNC;
    const guint32 thread = CLONE_VM | CLONE_THREAD;
    Filter filter;

    begin(&filter);
    for (gsize i = 0; i < G_N_ELEMENTS(refused_calls); i++)
        on_call(&filter, refused_calls[i], REFUSE);
    on_call(&filter, __NR_clone3, MISSING);
    on_call(&filter, __NR_openat2, MISSING);
    refuse_unless(&filter, (Condition){__NR_clone, 0, thread, thread});
    refuse_unless(&filter, (Condition){__NR_openat, 2, writing, 0});
#ifdef __x86_64__
    refuse_unless(&filter, (Condition){__NR_open, 1, writing, 0});
#endif
    refuse_unless(&filter, (Condition){__NR_tgkill, 0, ~0U, (guint32)getpid()});
    refuse_other_sockets(&filter);
    add_return(&filter, SECCOMP_RET_ALLOW);
    return install(&filter);
}

gboolean sr_call_filter_listen(void)
{
    Filter filter;

    begin(&filter);
    for (gsize i = 0; i < G_N_ELEMENTS(listener_calls); i++)
        on_call(&filter, listener_calls[i], SECCOMP_RET_ALLOW);
    add_return(&filter, SECCOMP_RET_KILL_PROCESS);
    return install(&filter);
}

#else

gboolean sr_call_filter_exchange(void)
{
    return TRUE;
}

gboolean sr_call_filter_listen(void)
{
    return TRUE;
}

#endif
