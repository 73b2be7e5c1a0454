#include "tests/lib/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/lib/talk.h"

#define ENV_MAX   64
#define WORDS_MAX 8
#define WAIT_MS   20000

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* <folder of the test>/../bin/<name> */
static void binary_path(const char *name, char out[4200])
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		give_up("/proc/self/exe");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(out, 4200, "%s/../bin/%s", self, name);
	if (access(out, X_OK))
		give_up(out);
}

static pid_t spawn(
	const char *name, const char *const *words, const char *const *env, const char *log)
{
	char path[4200];
	const char *argv[WORDS_MAX + 2] = { name }, *envp[ENV_MAX + 1] = { NULL };
	pid_t parent = getpid(), pid;
	size_t n = 0;

	binary_path(name, path);
	for (size_t i = 0; words && words[i] && i < WORDS_MAX; i++)
		argv[i + 1] = words[i];
	for (; env[n] && n < ENV_MAX; n++)
		envp[n] = env[n];
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid > 0)
		return pid;
	/* It does not outlive the test, whatever becomes of that. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(1);
	execve(path, (char *const *)argv, (char *const *)envp);
	_exit(127);
}

void process_start(struct process *p, const char *name, const char *const *env)
{
	char listen[100], admin[100];
	const char *all[ENV_MAX + 1] = { listen, admin };
	size_t n = 2;

	if (!p->dir[0]) {
		snprintf(p->dir, sizeof p->dir, "/tmp/castor-%s-XXXXXX", name);
		if (!mkdtemp(p->dir))
			give_up(p->dir);
	}
	if (p->port)
		snprintf(p->socket, sizeof p->socket, "127.0.0.1:%d", p->port);
	else
		snprintf(p->socket, sizeof p->socket, "%s/s", p->dir);
	snprintf(p->admin, sizeof p->admin, "%s/a", p->dir);
	snprintf(p->log, sizeof p->log, "%s/log", p->dir);
	snprintf(listen, sizeof listen, "LISTEN=%s%s", p->port ? "" : "unix:", p->socket);
	snprintf(admin, sizeof admin, "ADMIN_LISTEN=unix:%s", p->admin);
	for (; *env && n < ENV_MAX; env++)
		all[n++] = *env;
	p->pid = spawn(name, NULL, all, p->log);
}

static bool has_ended(struct process *p)
{
	if (p->pid && waitpid(p->pid, NULL, WNOHANG) == p->pid)
		p->pid = 0;
	return p->pid == 0;
}

bool process_ready(struct process *p)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;
	bool ready = false;

	while (!ready && !has_ended(p) && clock_mono_ms() < until) {
		struct arena a;

		arena_init(&a);
		ready = talk(&a, p->admin, &(struct talk){ .path = "/readyz" }).status ==
			200;
		arena_fini(&a);
		if (!ready)
			usleep(5000);
	}
	return ready;
}

static int wait_for(pid_t pid)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > until) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		usleep(2000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int process_stop(struct process *p)
{
	int code = 0;

	if (p->pid) {
		kill(p->pid, SIGTERM);
		code = wait_for(p->pid);
		p->pid = 0;
	}
	if (code != 0) {
		struct arena a;

		arena_init(&a);
		struct str log = process_log(p, &a);

		fprintf(stderr, "%.*s\n", STR_ARG(log));
		arena_fini(&a);
	}
	unlink(p->socket);
	unlink(p->admin);
	unlink(p->log);
	rmdir(p->dir);
	*p = (struct process){ 0 };
	return code;
}

static struct str read_file(const char *path, struct arena *a)
{
	struct buf text = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf_reserve(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	struct str out = arena_dup(a, buf_str(&text));

	buf_fini(&text);
	return out;
}

int process_run(const char *name, const char *const *words, const char *const *env,
	struct arena *a, struct str *said)
{
	char log[] = "/tmp/castor-run-XXXXXX";
	int fd = mkstemp(log), code;

	if (fd < 0)
		give_up(log);
	close(fd);
	code = wait_for(spawn(name, words, env, log));
	if (said)
		*said = read_file(log, a);
	unlink(log);
	return code;
}

struct str process_log(const struct process *p, struct arena *a)
{
	return read_file(p->log, a);
}
