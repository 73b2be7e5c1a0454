/* Every process gives away what it does not need (app/confine.h): what `confine-check` of
 * each says, and what each that serves may do when it is made to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/confine_files.h"
#include "base/clock.h"
#include "tests/lib/intrude.h"
#include "tests/lib/process.h"
#include "tests/lib/test.h"

static const char *const processes[] = { "gateway", "auth", "chat", "billing",
	"ai-worker" };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int check(const char *name, const char *mode, struct arena *a, struct str *said)
{
	static const char *const words[] = { "confine-check", NULL };
	const char *env[] = { mode, NULL };

	return process_run(name, words, env, a, said);
}

/* Sanitizers start processes of their own. */
#ifndef CONFINE_OFF
static bool says(struct str text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

TEST(every_process_can_do_little)
{
	static const char *const denied[] = { "execute a program            denied",
		"trace a process              denied",
		"start a process              denied",
		"signal another process       denied",
		"be traced or dumped          denied",
		"leave a core                 denied",
		"use io_uring                 denied",
		"make memory executable       denied",
		"enter a namespace            denied",
		"talk to netfilter            denied",
		"write a file                 denied",
		"call as i386                 denied",
		"call as x32                  denied" };
	struct arena a;
	struct str said;

	arena_init(&a);
	for (size_t i = 0; i < COUNT(processes); i++) {
		CHECK_INT(check(processes[i], "CONFINE=on", &a, &said), 0);
		for (size_t n = 0; n < COUNT(denied); n++) {
#ifndef __x86_64__
			if (says(str_of(denied[n]), "call as"))
				continue;
#endif
			CHECK(says(said, denied[n]));
		}
		CHECK(!says(said, "wrong"));
		if (confine_files_possible())
			CHECK(says(said, "read /etc/shadow             denied"));
	}
	if (!confine_files_possible())
		printf("note: which files may be read: this kernel has no Landlock\n");
	arena_fini(&a);
}

/* ---- those that serve ---- */

static const char *const env[] = { "CONFINE=on", "GATEWAY_WORKERS=1",
	"DATABASE_URL=postgres://a@127.0.0.1:1/a", "REDIS_URL=redis://127.0.0.1:1",
	"SECRET_KEY=a-secret-of-the-confine-test-0123456789", "STRIPE_SECRET_KEY=sk_test_a",
	"STRIPE_WEBHOOK_SECRET=whsec_a", "STRIPE_PRICE_PRO=price_a", "GEMINI_API_KEY=a",
	NULL };

/* It has none of what it needs, and is there all the same. */
static bool has_started(struct process *p)
{
	uint64_t until_ms = clock_mono_ms() + 20000;
	bool started = false;

	while (!started && clock_mono_ms() < until_ms) {
		struct arena a;

		arena_init(&a);
		started = says(process_log(p, &a), "\"event\":\"started\"");
		arena_fini(&a);
		usleep(2000);
	}
	return started;
}

/* A line of one of its files in /proc, behind that word. */
static bool stands(pid_t pid, const char *file, const char *word, const char *value)
{
	char path[64], line[256];
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	FILE *f = fopen(path, "re");

	while (f && !found && fgets(line, sizeof line, f))
		found = strncmp(line, word, strlen(word)) == 0 &&
			strstr(line + strlen(word), value);
	if (f)
		fclose(f);
	return found;
}

static pid_t worker_of(pid_t master)
{
	char path[64];
	int pid = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)master, (int)master);
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static long call(struct intrusion *i, long nr, long a, long b, long c)
{
	const long arguments[5] = { a, b, c, 0, 0 };

	return intrude_call(i, nr, arguments, 0, NULL);
}

static long opens(struct intrusion *i, const char *path)
{
	const long arguments[5] = { AT_FDCWD, 0, O_RDONLY | O_CLOEXEC, 0, 0 };

	return intrude_call(i, __NR_openat, arguments, 1, path);
}

static long executes(struct intrusion *i, const char *path)
{
	const long arguments[5] = { 0 };

	return intrude_call(i, __NR_execve, arguments, 0, path);
}

#define NOBODY 0x7ffffff0 /* no process has that number: what is not denied finds none */

/* What holds for the gateway's master as well. */
static void check_hardened(struct intrusion *i)
{
	CHECK_INT(call(i, __NR_ptrace, PTRACE_ATTACH, NOBODY, 0), -EPERM);
	CHECK_INT(call(i, __NR_process_vm_readv, NOBODY, 0, 0), -EPERM);
	CHECK_INT(call(i, __NR_unshare, 0, 0, 0), -EPERM);
	CHECK(call(i, __NR_io_uring_setup, 0, 0, 0) == -EPERM ||
		call(i, __NR_io_uring_setup, 0, 0, 0) == -ENOSYS);
}

static void check_confined(struct intrusion *i)
{
	CHECK_INT(call(i, __NR_prctl, PR_GET_DUMPABLE, 0, 0), 0);
	CHECK_INT(executes(i, "/nonexistent"), -EPERM);
	CHECK_INT(call(i, __NR_kill, NOBODY, 0, 0), -EPERM);
	CHECK_INT(call(i, __NR_socket, AF_PACKET, SOCK_RAW, 0), -EPERM);
	CHECK_INT(call(i, __NR_memfd_create, 0, 0, 0), -EPERM);
	if (!confine_files_possible())
		return;
	CHECK_INT(opens(i, "/etc/shadow"), -EACCES);
	CHECK_INT(opens(i, "/etc/debian_version"), -EACCES);
	CHECK_INT(opens(i, "/proc/1/environ"), -EACCES);
	CHECK(opens(i, "/etc/hosts") >= 0);
}

static void check_running(const char *name, pid_t pid, bool is_master)
{
	struct intrusion i;

	CHECK(pid > 0);
	CHECK(stands(pid, "status", "NoNewPrivs:", "1"));
	CHECK(stands(pid, "status", "Seccomp:", "2"));
	CHECK(stands(pid, "limits", "Max core file size", " 0                    0 "));
	if (!intrude_begin(&i, pid)) {
		printf("note: what %s may do: this user may not trace it, or the test does not "
		       "know this machine\n",
			name);
		return;
	}
	check_hardened(&i);
	if (is_master)
		CHECK_INT(call(&i, __NR_prctl, PR_GET_DUMPABLE, 0, 0), 0);
	else
		check_confined(&i);
	intrude_end(&i);
}

TEST(what_serves_is_confined)
{
	for (size_t i = 0; i < COUNT(processes); i++) {
		struct process p = { 0 };

		process_start(&p, processes[i], env);
		CHECK(has_started(&p));
		if (!strcmp(processes[i], "gateway")) {
			check_running("the gateway's master", p.pid, true);
			check_running("the gateway's worker", worker_of(p.pid), false);
		} else {
			check_running(processes[i], p.pid, false);
		}
		CHECK_INT(process_stop(&p), 0); /* and goes on as if nothing had been */
	}
}
#endif

TEST(the_check_notices_what_is_not)
{
	struct arena a;

	arena_init(&a);
	CHECK_INT(check("gateway", "CONFINE=off", &a, NULL), 1);
	arena_fini(&a);
}
