#include "tests/lib/redis_server.h"
#include "tests/lib/free_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVERS_MAX 16

static struct redis_server *running[SERVERS_MAX];

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "redis_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void stop_all(void)
{
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (running[i])
			redis_server_stop(running[i]);
	}
}

static void remember(struct redis_server *s)
{
	static bool registered;

	if (!registered)
		atexit(stop_all);
	registered = true;
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (!running[i]) {
			running[i] = s;
			return;
		}
	}
	give_up("too many servers");
}

static int dial(const struct redis_server *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void run(struct redis_server *s)
{
	const char *args[64] = { "redis-server", "--bind", "127.0.0.1", "--save", "",
		"--appendonly", "no", "--loglevel", "warning", "--dir", s->dir, "--logfile",
		"log", "--unixsocket", "s" };
	char port[8];
	size_t n = 15;

	snprintf(port, sizeof port, "%d", s->port & 0xffff);
	args[n++] = "--port";
	args[n++] = port;
	for (const char *const *o = s->options; o && *o && n < 63; o++)
		args[n++] = *o;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp("redis-server", (char **)args);
	_exit(127);
}

static bool launch(struct redis_server *s)
{
	char path[80];

	snprintf(path, sizeof path, "%s/s", s->dir);
	unlink(path); /* of one that was killed */
	s->pid = fork();
	if (s->pid < 0)
		give_up("fork");
	if (s->pid == 0)
		run(s);
	for (int i = 0; i < 5000; i++) {
		int fd = dial(s);

		if (fd >= 0)
			close(fd);
		if (fd >= 0 && access(path, F_OK) == 0)
			return true;
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
			break;
		usleep(2000);
	}
	s->pid = 0;
	return false;
}

void redis_server_start(struct redis_server *s, const char *const *options)
{
	*s = (struct redis_server){ .options = options };
	snprintf(s->dir, sizeof s->dir, "/tmp/castor-redis-XXXXXX");
	if (!mkdtemp(s->dir))
		give_up("mkdtemp");
	for (int tries = 0; tries < 5; tries++) {
		s->port = free_port();
		if (!launch(s)) /* somebody else took the port meanwhile */
			continue;
		snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d", s->port);
		snprintf(s->unix_url, sizeof s->unix_url, "unix://%s/s", s->dir);
		remember(s);
		return;
	}
	give_up("redis-server does not start");
}

void redis_server_kill(struct redis_server *s)
{
	if (s->pid) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

void redis_server_restart(struct redis_server *s)
{
	redis_server_kill(s);
	if (!launch(s))
		give_up("redis-server does not start again");
}

void redis_server_freeze(struct redis_server *s)
{
	int status;

	kill(s->pid, SIGSTOP);
	waitpid(s->pid, &status, WUNTRACED);
}

void redis_server_thaw(struct redis_server *s)
{
	kill(s->pid, SIGCONT);
}

void redis_server_stop(struct redis_server *s)
{
	char path[80];

	redis_server_kill(s);
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (running[i] == s)
			running[i] = NULL;
	}
	snprintf(path, sizeof path, "%s/s", s->dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/log", s->dir);
	unlink(path);
	rmdir(s->dir);
}

struct str redis_server_do(const struct redis_server *s, const char *fmt, ...)
{
	static char answer[65536];
	char line[4096];
	int fd = dial(s), len;
	ssize_t n;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof line - 2, fmt, ap);
	va_end(ap);
	memcpy(line + len, "\r\n", 2);
	if (fd < 0 || write(fd, line, (size_t)len + 2) != len + 2)
		give_up(line);
	n = read(fd, answer, sizeof answer);
	close(fd);
	return n > 0 ? str_span(answer, (size_t)n) : STR_NONE;
}

long long redis_server_int(const struct redis_server *s, const char *command)
{
	struct str answer = redis_server_do(s, "%s", command), line;
	int64_t n = -1;

	if (answer.len && answer.ptr[0] == ':') {
		answer = str_from(answer, 1);
		str_cut(&answer, '\r', &line);
		str_i64(line, &n);
	}
	return n;
}
