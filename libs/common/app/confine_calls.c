#include "app/confine_calls.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define FIRST_NEW     424 /* from here on the same numbers everywhere */
#define SIOCGIFNAME_  0x8910
#define SIOCGIFINDEX_ 0x8933
#define SET_VMA       0x53564d41 /* names of mappings: glibc, from 2.39 */

/* clang-format off */
static const int allowed[] = {
	/* the loop and its sockets */
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_recvfrom, __NR_sendto, __NR_recvmsg, __NR_sendmsg,
	__NR_epoll_pwait, __NR_epoll_ctl, __NR_epoll_create1, __NR_accept4, __NR_accept, __NR_close, __NR_shutdown,
	__NR_connect, __NR_bind, __NR_listen, __NR_getsockname, __NR_getpeername, __NR_setsockopt, __NR_getsockopt,
	__NR_socketpair, __NR_recvmmsg, __NR_sendmmsg, __NR_ppoll, __NR_pselect6, __NR_eventfd2, __NR_pipe2,
	__NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime, __NR_dup, __NR_dup3, __NR_fcntl,
	/* time, threads, memory */
	__NR_futex, __NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday,
	__NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect, __NR_madvise, __NR_brk, __NR_mlock, __NR_munlock,
	__NR_set_robust_list, __NR_get_robust_list, __NR_rseq, __NR_set_tid_address, __NR_sched_yield,
	__NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler, __NR_sched_get_priority_max,
	__NR_sched_get_priority_min, __NR_getcpu, __NR_exit, __NR_exit_group, __NR_restart_syscall, __NR_membarrier,
	/* signals, to itself at most */
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigpending, __NR_rt_sigtimedwait,
	__NR_sigaltstack,
	/* files, which Landlock chooses */
	__NR_openat, __NR_lseek, __NR_pread64, __NR_fstat, __NR_newfstatat, __NR_statx, __NR_faccessat, __NR_readlinkat,
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
	__NR_epoll_wait, __NR_epoll_create, __NR_poll, __NR_select, __NR_open, __NR_stat, __NR_lstat, __NR_access,
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
	{ __NR_socket, 0, 4, { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK } },
	{ __NR_ioctl, 1, 8, { FIONBIO, FIOCLEX, FIONCLEX, FIONREAD, TCGETS, TIOCGWINSZ, SIOCGIFNAME_, SIOCGIFINDEX_ } },
	{ __NR_prctl, 0, 5, { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ, SET_VMA } },
	/* Its own limits may be read: the third argument, of the new ones, is none. */
	{ __NR_prlimit64, 2, 1, { 0 } },
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
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, __NR_clone);
	load(p, argument(0));
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_THREAD);
	put(p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	put(p, BPF_RET | BPF_K, 0, 0, denied);
	answer_if(p, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
}

unsigned short confine_filter(struct sock_filter *out, unsigned denied)
{
	struct program p = { .at = out };

	load(&p, offsetof(struct seccomp_data, arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	put(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT(allowed); i++)
		answer_if(&p, (uint32_t)allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(partly); i++)
		put_partly(&p, i, denied);
	put_tgkill(&p, denied);
	put_clone(&p, denied);
	if (denied != SECCOMP_RET_LOG) { /* a library that knows newer ones falls back */
		put(&p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FIRST_NEW);
		put(&p, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	}
	put(&p, BPF_RET | BPF_K, 0, 0, denied);
	return p.len;
}
