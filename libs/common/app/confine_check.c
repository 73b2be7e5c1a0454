/* `<process> confine-check`: confined like the process that serves, it tries what whoever
 * took it over would try, and what the process itself needs. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/confine_files.h"

/* ---- processes ---- */

static bool can_execute(void)
{
	char *args[] = { NULL };

	return execve("/nonexistent", args, args) == 0 || errno != EPERM;
}

static bool can_execute_at(void)
{
	char *args[] = { NULL };

	return syscall(__NR_execveat, -1, "/nonexistent", args, args, 0) == 0 ||
	       errno != EPERM;
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

static bool can_read_memory(void)
{
	return syscall(__NR_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) >= 0 ||
	       errno != EPERM;
}

static bool can_kill(void)
{
	pid_t other = getppid();

	return kill(other, 0) == 0 || syscall(__NR_tgkill, other, other, 0) == 0;
}

/* Whoever owns a socket is sent a signal when something comes. */
static bool can_give_signals(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	bool could = fcntl(fd, F_SETOWN, getppid()) == 0;

	close(fd);
	return could;
}

/* abort says what it has to say in this way. */
static bool can_signal_itself(void)
{
	return syscall(__NR_tgkill, getpid(), syscall(__NR_gettid), 0) == 0;
}

static bool can_leave_namespaces(void)
{
	return setns(-1, 0) == 0 || errno != EPERM;
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

/* ---- the kernel ---- */

static bool can_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

static bool can_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool could = listen(fd, 1) == 0;

	close(fd);
	return could;
}

/* It has not the memory to go further, but would say so in another way. */
static bool can_io_uring(void)
{
	return syscall(__NR_io_uring_setup, 0, NULL) >= 0 ||
	       (errno != ENOSYS && errno != EPERM);
}

/* An address whose lower half is that of NULL: where nothing is, so that it changes nothing
 * should it be looked at. */
static bool can_set_limits(void)
{
	return syscall(__NR_prlimit64, 0, RLIMIT_CORE, 1ull << 40, NULL) == 0 ||
	       errno != EPERM;
}

/* ---- memory ---- */

static bool can_map(int protection)
{
	void *at = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED)
		munmap(at, 4096);
	return at != MAP_FAILED;
}

static bool can_make_executable(void)
{
	void *at = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool could = mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0;

	munmap(at, 4096);
	return could;
}

/* A library may still be loaded: some of those that resolve names are, when needed. */
static bool can_load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	if (at != MAP_FAILED)
		munmap(at, 4096);
	return at != MAP_FAILED;
}

static bool can_make_file_in_memory(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_leave_core(void)
{
	struct rlimit most;

	return getrlimit(RLIMIT_CORE, &most) != 0 || most.rlim_max != 0;
}

/* ---- files and names ---- */

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_make_file(void)
{
	char path[64];
	bool could;

	snprintf(path, sizeof path, "/tmp/castor-confine-%d", (int)getpid());
	could = opens(path, O_WRONLY | O_CREAT | O_EXCL);
	if (could)
		unlink(path);
	return could;
}

static bool can_resolve(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;

	if (getaddrinfo("localhost", "80", &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

/* ---- calls of another architecture: a process that makes one does not come back ---- */

#ifdef __x86_64__
static void call_as_x32(void)
{
	syscall(0x40000000 | __NR_getpid);
}

static void call_as_i386(void)
{
	long result = 20; /* getpid */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
}

static bool survives(const char *mode, const char *more, void (*call)(void))
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		if (confine(mode, more))
			call();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return !WIFSIGNALED(status);
}
#endif

/* ---- all of it ---- */

static int failures;

static void expect(const char *what, bool could, bool should)
{
	printf("%-28s %s%s\n", what, could ? "possible" : "denied",
		could == should ? "" : "   <- wrong");
	failures += could != should;
}

static void expect_no_process(void)
{
	expect("execute a program", can_execute() || can_execute_at(), false);
	expect("start a process", can_fork(), false);
	expect("trace a process", can_trace(), false);
	expect("read a process's memory", can_read_memory(), false);
	expect("signal another process", can_kill(), false);
	expect("have one signalled", can_give_signals(), false);
	expect("signal itself", can_signal_itself(), true);
	expect("enter a namespace", can_leave_namespaces(), false);
	expect("start a thread", can_thread(), true);
	expect("be traced or dumped", prctl(PR_GET_DUMPABLE) != 0, false);
	expect("leave a core", can_leave_core(), false);
	expect("set limits", can_set_limits(), false);
}

static void expect_little_of_the_kernel(void)
{
	expect("use io_uring", can_io_uring(), false);
	expect("listen", can_listen(), false);
	expect("open a packet socket", can_socket(AF_PACKET, SOCK_RAW, 0), false);
	expect("open a raw socket", can_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), false);
	expect("open a socket of SCTP", can_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP),
		false);
	expect("talk to netfilter", can_socket(AF_NETLINK, SOCK_RAW, 12), false);
	expect("ask for addresses", can_socket(AF_NETLINK, SOCK_RAW, 0), true);
	expect("connect", can_socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP), true);
}

static void expect_no_own_code(const char *library)
{
	expect("map for all three", can_map(PROT_READ | PROT_WRITE | PROT_EXEC), false);
	expect("map to execute", can_map(PROT_READ | PROT_EXEC), false);
	expect("make memory executable", can_make_executable(), false);
	expect("make a file in memory", can_make_file_in_memory(), false);
	expect("load a library", can_load(library), true);
}

/* Without Landlock the file's owner and mode decide who reads it. */
static void expect_few_files(bool files)
{
	expect("read /etc/shadow", opens("/etc/shadow", O_RDONLY),
		!files && geteuid() == 0);
	expect("read /etc/debian_version", opens("/etc/debian_version", O_RDONLY), !files);
	expect("write a file", opens("/proc/self/comm", O_WRONLY), false);
	expect("make a file", can_make_file(), false);
	expect("read certificates' folder", opens("/etc/ssl", O_RDONLY | O_DIRECTORY),
		true);
	expect("read the resolver's file", opens("/etc/resolv.conf", O_RDONLY),
		access("/etc/resolv.conf", F_OK) == 0);
	expect("resolve a name", can_resolve(), true);
}

/* The C library itself, wherever it is here: the path that stands in our own memory map. */
static bool find_library(char *path, size_t room)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];
	bool found = false;

	while (maps && !found && fgets(line, sizeof line, maps)) {
		const char *at = strchr(line, '/');

		found = at && strstr(at, "/libc.so") &&
			snprintf(path, room, "%.*s", (int)strcspn(at, "\n"), at) <
				(int)room;
	}
	if (maps)
		fclose(maps);
	return found;
}

int confine_check(const char *mode, const char *more)
{
	char library[512] = "";
	bool files = confine_files_possible();

	if (!find_library(library, sizeof library))
		fprintf(stderr, "no C library is mapped\n");
	printf("%-28s %s\n", "Landlock", files ? "is there" : "is not in this kernel");
	fflush(stdout);
#ifdef __x86_64__
	expect("call as x32", survives(mode, more, call_as_x32), false);
	expect("call as i386", survives(mode, more, call_as_i386), false);
	fflush(stdout);
#endif
	if (!confine(mode, more))
		return 2;
	expect_no_process();
	expect_little_of_the_kernel();
	expect_no_own_code(library);
	expect_few_files(files);
	return failures != 0;
}
