#include "app/confine_calls.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define FIRST_NEW   424 /* from here on the same numbers everywhere */
#define FIRST_X32   0x40000000
#define SOCKET_KIND 0xf /* of the type: beside it stand flags */
#define NAMESPACES                                                                         \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
		CLONE_NEWNET | CLONE_NEWCGROUP)
#define WRITES        (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
#define SIOCGIFNAME_  0x8910
#define SIOCGIFINDEX_ 0x8933
#define SET_VMA       0x53564d41 /* names of mappings: glibc, from 2.39 */

/* clang-format off */
static const int allowed[] = {
	/* the loop and its sockets */
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_recvfrom, __NR_sendto, __NR_recvmsg, __NR_sendmsg,
	__NR_epoll_pwait, __NR_epoll_ctl, __NR_epoll_create1, __NR_accept4, __NR_close, __NR_shutdown,
	__NR_connect, __NR_bind, __NR_getsockname, __NR_getpeername, __NR_setsockopt, __NR_getsockopt,
	__NR_socketpair, __NR_recvmmsg, __NR_sendmmsg, __NR_ppoll, __NR_pselect6, __NR_eventfd2, __NR_pipe2,
	__NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime, __NR_dup, __NR_dup3,
	/* time, threads, memory */
	__NR_futex, __NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday,
	__NR_munmap, __NR_mremap, __NR_madvise, __NR_brk, __NR_mlock, __NR_munlock,
	__NR_set_robust_list, __NR_get_robust_list, __NR_rseq, __NR_set_tid_address, __NR_sched_yield,
	__NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler, __NR_sched_get_priority_max,
	__NR_sched_get_priority_min, __NR_getcpu, __NR_exit, __NR_exit_group, __NR_restart_syscall, __NR_membarrier,
	/* signals, to itself at most */
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack,
	/* files, which Landlock chooses */
	__NR_lseek, __NR_pread64, __NR_fstat, __NR_newfstatat, __NR_statx, __NR_faccessat, __NR_readlinkat,
	__NR_getcwd, __NR_getdents64, __NR_fstatfs, __NR_statfs, __NR_fadvise64,
	/* who and where it is */
	__NR_getpid, __NR_getppid, __NR_gettid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getgroups,
	__NR_getresuid, __NR_getresgid, __NR_getrandom, __NR_getrusage, __NR_sysinfo, __NR_uname, __NR_times,
#ifdef __NR_faccessat2
	__NR_faccessat2,
#endif
#ifdef __NR_close_range
	__NR_close_range,
#endif
#ifdef __NR_epoll_pwait2
	__NR_epoll_pwait2,
#endif
#ifdef __x86_64__ /* older forms of the same */
	__NR_epoll_wait, __NR_epoll_create, __NR_poll, __NR_select, __NR_stat, __NR_lstat, __NR_access,
	__NR_readlink, __NR_pipe, __NR_dup2, __NR_time, __NR_getrlimit, __NR_getpgrp, __NR_arch_prctl,
#endif
};

/* Those that only some values of one argument are allowed for. */
static const struct {
	int call;
	unsigned argument;
	unsigned count;
	uint32_t values[10];
} partly[] = {
	{ __NR_ioctl, 1, 8, { FIONBIO, FIOCLEX, FIONCLEX, FIONREAD, TCGETS, TIOCGWINSZ, SIOCGIFNAME_, SIOCGIFINDEX_ } },
	{ __NR_prctl, 0, 5, { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ, SET_VMA } },
	/* Not F_SETOWN: it sends signals to others. */
	{ __NR_fcntl, 1, 6, { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL } },
};

/* Those that are allowed but for some bits of one argument. */
static const struct {
	int call;
	unsigned argument;
	uint32_t never;
} unless[] = {
	{ __NR_openat, 2, WRITES },
#ifdef __NR_open
	{ __NR_open, 1, WRITES },
#endif
	{ __NR_mprotect, 2, PROT_EXEC },
};

/* What no program of ours needs, nor who starts it: much that breaks out begins with one. */
static const int never[] = {
	__NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_perf_event_open, __NR_bpf, __NR_userfaultfd,
	__NR_unshare, __NR_setns, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_open_by_handle_at,
	__NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_reboot, __NR_swapon, __NR_swapoff,
	__NR_keyctl, __NR_add_key, __NR_request_key, __NR_personality, __NR_settimeofday, __NR_clock_settime,
	__NR_mknodat,
#ifdef __x86_64__
	__NR_iopl, __NR_ioperm, __NR_modify_ldt, __NR_mknod,
#endif
#ifdef __NR_io_uring_setup
	__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register,
#endif
#ifdef __NR_open_tree
	__NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsmount,
#endif
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct program {
	struct sock_filter *at;
	unsigned short len;
};

static void put(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	assert(p->len < CONFINE_FILTER_MAX);
	p->at[p->len++] = (struct sock_filter){ code, yes, no, k };
}

static void load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* Is it k? Then that is the answer. */
static void answer_if(struct program *p, uint32_t k, uint32_t answer)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, k);
	put(p, BPF_RET | BPF_K, 0, 0, answer);
}

/* The lower half: none of these arguments is wider. */
static size_t argument(unsigned i)
{
	return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t);
}

static void put_partly(struct program *p, size_t i, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(2 + 2 * partly[i].count),
		(uint32_t)partly[i].call);
	load(p, argument(partly[i].argument));
	for (unsigned n = 0; n < partly[i].count; n++)
		answer_if(p, partly[i].values[n], SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
}

static void put_unless(struct program *p, size_t i, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)unless[i].call);
	load(p, argument(unless[i].argument));
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, unless[i].never);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

/* Memory is to be written or to be executed; the latter comes from a file: libraries that
 * resolving names brings in. */
static void put_mmap(struct program *p, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 7, __NR_mmap);
	load(p, argument(2));
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 3, PROT_EXEC);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 3, 0, PROT_WRITE);
	load(p, argument(3));
	put(p, BPF_JMP | BPF_JSET | BPF_K, 1, 0, MAP_ANONYMOUS);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
}

/* Streams and datagrams, TCP and UDP; of netlink the protocol of addresses and routes. */
static void put_socket(struct program *p, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 17, __NR_socket);
	load(p, argument(0));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 11, 0, AF_NETLINK);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AF_UNIX);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_INET);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 11, AF_INET6);
	load(p, argument(1));
	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, SOCKET_KIND);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SOCK_STREAM);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 7, SOCK_DGRAM);
	load(p, argument(2));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 4, 0, IPPROTO_TCP);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, IPPROTO_UDP);
	put(p, BPF_JMP | BPF_JA, 0, 0, 1);
	load(p, argument(2)); /* netlink */
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
}

/* Its own limits may be read: the third argument, of the new ones, is none: a pointer, of
 * which both halves count. */
static void put_prlimit(struct program *p, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, __NR_prlimit64);
	load(p, argument(2));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	load(p, argument(2) + sizeof(uint32_t));
	answer_if(p, 0, SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
}

/* Of signals to threads only those to its own. */
static void put_tgkill(struct program *p, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, __NR_tgkill);
	load(p, argument(0));
	answer_if(p, (uint32_t)getpid(), SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
}

/* Threads, but no processes. clone3 hides its flags in memory: glibc then asks clone. */
static void put_clone(struct program *p, uint32_t denied)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, __NR_clone);
	load(p, argument(0));
	put(p, BPF_JMP | BPF_JSET | BPF_K, 2, 0, NAMESPACES);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_THREAD);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
	answer_if(p, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
}

/* The call's number comes next; of another architecture it would mean another call. */
static void begin(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FIRST_X32);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
}

unsigned short confine_filter(struct sock_filter *out, unsigned denied)
{
	struct program p = { .at = out };

	begin(&p);
	for (size_t i = 0; i < COUNT(allowed); i++)
		answer_if(&p, (uint32_t)allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(partly); i++)
		put_partly(&p, i, denied);
	for (size_t i = 0; i < COUNT(unless); i++)
		put_unless(&p, i, denied);
	put_mmap(&p, denied);
	put_socket(&p, denied);
	put_prlimit(&p, denied);
	put_tgkill(&p, denied);
	put_clone(&p, denied);
	if (denied != SECCOMP_RET_LOG) { /* a library that knows newer ones falls back */
		put(&p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FIRST_NEW);
		put(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	}
	put(&p, BPF_RET | BPF_K, 0, 0, denied);
	return p.len;
}

unsigned short confine_filter_never(struct sock_filter *out, unsigned denied)
{
	struct program p = { .at = out };

	begin(&p);
	for (size_t i = 0; i < COUNT(never); i++)
		answer_if(&p, (uint32_t)never[i], denied);
	put(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return p.len;
}
