#include "tests/lib/pg_server.h"
#include "tests/lib/free_port.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define SERVERS_MAX 8

struct pg_server {
	struct arena arena; /* holds the URLs */
	pid_t pid;          /* 0: not running */
	int port;
	char dir[128]; /* of data, socket and log */
};

static struct pg_server *servers[SERVERS_MAX];
static pid_t owner; /* forked children of a test leave the servers alone */
static char bin[128];
static unsigned long version;
static uid_t user;
static gid_t group;

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "pg_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- programs, run as a user that Postgres accepts ---- */

static void find_user(void)
{
	struct passwd *pw;

	user = geteuid();
	group = getegid();
	if (user != 0)
		return;
	pw = getpwnam("postgres");
	if (!pw)
		give_up("Postgres does not run as root, and there is no user postgres");
	user = pw->pw_uid;
	group = pw->pw_gid;
}

static void find_bin(void)
{
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) != 0)
		give_up("no /usr/lib/postgresql/*/bin/postgres");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		unsigned long v = strtoul(
			found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);

		version = v > version ? v : version;
	}
	globfree(&found);
	snprintf(bin, sizeof bin, "/usr/lib/postgresql/%lu/bin", version);
}

/* In the child: becomes the program, as that user, its words into the log. */
static _Noreturn void become(const char *const *argv, const char *in, const char *log)
{
	int from = open(in, O_RDONLY), to = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (geteuid() == 0 &&
		(setgroups(0, NULL) != 0 || setgid(group) != 0 || setuid(user) != 0))
		_exit(126);
	dup2(from, 0);
	dup2(to, 1);
	dup2(to, 2);
	/* A test that is killed takes its server with it: SIGQUIT is "immediate
	 * shutdown". */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (chdir("/") == 0)
		execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int run(const char *const *argv, const char *in, const char *log)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		become(argv, in, log);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Only what this file made: whatever else it is asked for would be a defect. */
static void remove_tree(const char *dir)
{
	const char *const rm[] = { "/bin/rm", "-rf", dir, NULL };

	if (!strstr(dir, "/castor-pg-"))
		return;
	run(rm, "/dev/null", "/dev/null");
}

/* ---- the empty cluster ---- */

static const char *tmp(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

static bool is_ours(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == user &&
	       (st.st_mode & 077) == 0;
}

static void make_cluster(const char *data, const char *log)
{
	char initdb[160], postgres[160], sql[176];
	const char *const init[] = { initdb, "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--no-locale", "--no-sync", "--wal-segsize=1", NULL };
	const char *const single[] = { postgres, "--single", "-D", data, "-F", "postgres",
		NULL };
	FILE *f;

	snprintf(initdb, sizeof initdb, "%s/initdb", bin);
	snprintf(postgres, sizeof postgres, "%s/postgres", bin);
	if (run(init, "/dev/null", log) != 0)
		give_up(log);
	snprintf(sql, sizeof sql, "%s.sql", log);
	f = fopen(sql, "w");
	if (!f || fputs("create database castor\n", f) < 0 || fclose(f) != 0)
		give_up(sql);
	if (run(single, sql, log) != 0)
		give_up(log);
	unlink(sql);
}

/* Several tests may make it at once: the first one's stays. */
static void make_template(const char *template, const char *work)
{
	char data[160], log[160];

	snprintf(data, sizeof data, "%s/template", work);
	snprintf(log, sizeof log, "%s/log", work);
	make_cluster(data, log);
	if (rename(data, template) != 0)
		remove_tree(data);
}

static void copy_cluster(const struct pg_server *s)
{
	char template[160], data[160], log[160];
	const char *const cp[] = { "/bin/cp", "-a", "--reflink=auto", template, data,
		NULL };

	snprintf(template, sizeof template, "%.90s/castor-pg-template-%lu-%u", tmp(),
		version, user);
	snprintf(data, sizeof data, "%s/data", s->dir);
	snprintf(log, sizeof log, "%s/log", s->dir);
	if (!is_ours(template))
		make_template(template, s->dir);
	if (!is_ours(template) || run(cp, "/dev/null", log) != 0)
		give_up(template);
}

/* ---- the server ---- */

static bool launch(struct pg_server *s)
{
	char program[160], data[160], log[160], sockets[192], port[32];
	const char *const argv[] = { program, "-D", data, "-F", "-c", port, "-c", sockets,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100", "-c",
		"full_page_writes=off", "-c", "shared_buffers=64MB", NULL };

	snprintf(program, sizeof program, "%s/postgres", bin);
	snprintf(data, sizeof data, "%s/data", s->dir);
	snprintf(log, sizeof log, "%s/log", s->dir);
	snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", s->dir);
	snprintf(port, sizeof port, "port=%d", s->port);
	s->pid = fork();
	if (s->pid < 0)
		give_up("fork");
	if (s->pid == 0)
		become(argv, "/dev/null", log);
	for (int i = 0; i < 6000; i++) {
		if (PQping(pg_server_url(s, "postgres")) == PQPING_OK)
			return true;
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
			break;
		usleep(5000);
	}
	s->pid = 0;
	return false;
}

void pg_server_down(struct pg_server *s)
{
	if (s->pid) {
		kill(s->pid, SIGQUIT);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

void pg_server_up(struct pg_server *s)
{
	if (!launch(s))
		give_up("Postgres does not start again");
}

void pg_server_restart(struct pg_server *s)
{
	pg_server_down(s);
	pg_server_up(s);
}

static void stop_all(void)
{
	if (getpid() != owner)
		return;
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (!servers[i])
			continue;
		pg_server_down(servers[i]);
		remove_tree(servers[i]->dir);
		servers[i] = NULL;
	}
}

static void on_signal(int signum)
{
	stop_all();
	signal(signum, SIG_DFL);
	raise(signum);
}

static void remember(struct pg_server *s)
{
	if (!owner) {
		owner = getpid();
		atexit(stop_all);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		signal(SIGHUP, on_signal);
		signal(SIGABRT, on_signal);
	}
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (!servers[i]) {
			servers[i] = s;
			return;
		}
	}
	give_up("too many servers");
}

struct pg_server *pg_server_start(void)
{
	struct pg_server *s = calloc(1, sizeof *s);

	if (!s)
		abort();
	find_user();
	find_bin();
	arena_init(&s->arena);
	snprintf(s->dir, sizeof s->dir, "%.90s/castor-pg-XXXXXX", tmp());
	if (!mkdtemp(s->dir) || chown(s->dir, user, group) != 0)
		give_up("mkdtemp");
	remember(s);
	copy_cluster(s);
	for (int tries = 0; tries < 5; tries++) {
		s->port = free_port(); /* somebody else may take it meanwhile */
		if (launch(s))
			return s;
	}
	give_up("Postgres does not start");
}

void pg_server_stop(struct pg_server **server)
{
	struct pg_server *s = *server;

	*server = NULL;
	if (!s)
		return;
	pg_server_down(s);
	remove_tree(s->dir);
	for (int i = 0; i < SERVERS_MAX; i++) {
		if (servers[i] == s)
			servers[i] = NULL;
	}
	arena_fini(&s->arena);
	free(s);
}

/* ---- asking it ---- */

const char *pg_server_url(struct pg_server *s, const char *role)
{
	return arena_fmt(&s->arena, "postgresql://%s@127.0.0.1:%d/castor", role, s->port)
		.ptr;
}

const char *pg_server_socket_url(struct pg_server *s, const char *role)
{
	return arena_fmt(
		&s->arena, "postgresql://%s@/castor?host=%s&port=%d", role, s->dir, s->port)
		.ptr;
}

int pg_server_port(const struct pg_server *s)
{
	return s->port;
}

static PGconn *log_in(struct pg_server *s, const char *role)
{
	PGconn *pq = PQconnectdb(pg_server_socket_url(s, role));

	if (PQstatus(pq) != CONNECTION_OK) {
		fprintf(stderr, "%s", PQerrorMessage(pq));
		give_up("no connection");
	}
	PQclear(PQexec(pq, "set client_min_messages = warning"));
	return pq;
}

static PGresult *ask(struct pg_server *s, const char *sql)
{
	PGconn *pq = log_in(s, "postgres");
	PGresult *r = PQexec(pq, sql);

	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK) {
		fprintf(stderr, "%s", PQresultErrorMessage(r));
		give_up(sql);
	}
	PQfinish(pq);
	return r;
}

void pg_server_exec(struct pg_server *s, const char *sql)
{
	PQclear(ask(s, sql));
}

long long pg_server_int(struct pg_server *s, const char *sql)
{
	PGresult *r = ask(s, sql);
	long long n = -1;

	if (PQntuples(r) && !PQgetisnull(r, 0, 0)) {
		const char *text = PQgetvalue(r, 0, 0);

		n = *text == 't' ? 1 : *text == 'f' ? 0 : strtoll(text, NULL, 10);
	}
	PQclear(r);
	return n;
}

const char *pg_server_refusal(struct pg_server *s, const char *role, const char *sql)
{
	static char state[6];
	PGconn *pq = log_in(s, role);
	PGresult *r = PQexec(pq, sql);
	const char *said = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	snprintf(state, sizeof state, "%s", said ? said : "");
	PQclear(r);
	PQfinish(pq);
	return state;
}

void pg_server_kill_backends(struct pg_server *s)
{
	pg_server_exec(s,
		"select pg_terminate_backend(pid) from pg_stat_activity"
		" where pid <> pg_backend_pid() and backend_type = 'client backend'");
}
