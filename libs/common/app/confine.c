#include "app/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/confine_calls.h"
#include "app/confine_files.h"
#include "base/log.h"

static bool is(const char *mode, const char *word)
{
	return !strcmp(mode, word);
}

void confine_harden(const char *mode)
{
	static const struct rlimit none;

	if (is(mode, "off"))
		return;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Without the flag, kernels before 5.16 slow the whole process down. */
static bool confine_calls(const char *mode)
{
	struct sock_filter code[CONFINE_FILTER_MAX];
	unsigned denied = is(mode, "log") ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | EPERM;
	struct sock_fprog program = { confine_filter(code, denied), code };

	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
}

bool confine(const char *mode, const char *more)
{
	if (is(mode, "off"))
		return true;
	confine_harden(mode);
	if (is(mode, "on") && confine_files_possible() && !confine_files(more)) {
		log_error("confine-failed", L_Z("what", "files"),
			L_Z("why", strerror(errno)));
		return false;
	}
	if (!confine_calls(mode)) {
		log_error("confine-failed", L_Z("what", "calls"),
			L_Z("why", strerror(errno)));
		return false;
	}
	return true;
}

/* ---- the check ---- */

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_execute(void)
{
	char *args[] = { NULL };

	return execve("/nonexistent", args, args) == 0 || errno != EPERM;
}

static bool can_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid >= 0;
}

static bool can_trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool can_socket(int family)
{
	int fd = socket(family, SOCK_RAW, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

static bool can_kill(void)
{
	pid_t other = getppid();

	return kill(other, 0) == 0 || syscall(__NR_tgkill, other, other, 0) == 0;
}

/* abort says what it has to say in this way. */
static bool can_signal_itself(void)
{
	return syscall(__NR_tgkill, getpid(), syscall(__NR_gettid), 0) == 0;
}

static bool can_resolve(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;

	if (getaddrinfo("localhost", "80", &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

static void *nothing(void *arg)
{
	return arg;
}

static bool can_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
	       pthread_join(thread, NULL) == 0;
}

static int failures;

static void expect(const char *what, bool could, bool should)
{
	printf("%-28s %s%s\n", what, could ? "possible" : "denied",
		could == should ? "" : "   <- wrong");
	failures += could != should;
}

int confine_check(const char *mode, const char *more)
{
	char scratch[] = "/tmp/castor-confine-XXXXXX";

	bool files = confine_files_possible();
	int fd = mkstemp(scratch);

	if (fd >= 0)
		close(fd);
	unlink(scratch);
	if (!confine(mode, more))
		return 2;
	expect("execute a program", can_execute(), false);
	expect("start a process", can_fork(), false);
	expect("trace a process", can_trace(), false);
	expect("signal another process", can_kill(), false);
	expect("signal itself", can_signal_itself(), true);
	expect("open a packet socket", can_socket(AF_PACKET), false);
	expect("be traced or dumped", prctl(PR_GET_DUMPABLE) != 0, false);
	expect("read /etc/shadow", opens("/etc/shadow", O_RDONLY),
		!files && geteuid() == 0);
	expect("read /etc/debian_version", opens("/etc/debian_version", O_RDONLY), !files);
	expect("write a file", opens(scratch, O_WRONLY | O_CREAT), !files);
	expect("read certificates' folder", opens("/etc/ssl", O_RDONLY | O_DIRECTORY),
		true);
	expect("resolve a name", can_resolve(), true);
	expect("start a thread", can_thread(), true);
	unlink(scratch);
	return failures != 0;
}
