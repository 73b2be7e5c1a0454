/* What Landlock leaves of the file system, and what is replaced in it meanwhile. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/confine_files.h"
#include "tests/lib/test.h"

/* etc/resolv.conf, made in run/resolve or here, beside etc/other. */
struct root {
	char dir[40];
	char path[PATH_MAX];
};

static const char *at(struct root *r, const char *name)
{
	snprintf(r->path, sizeof r->path, "%s/%s", r->dir, name);
	return r->path;
}

static void write_file(struct root *r, const char *name)
{
	int fd = open(at(r, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	close(fd);
}

static void make_root(struct root *r)
{
	snprintf(r->dir, sizeof r->dir, "/tmp/castor-files-XXXXXX");
	CHECK(mkdtemp(r->dir) != NULL);
	CHECK_INT(mkdir(at(r, "etc"), 0700), 0);
	CHECK_INT(mkdir(at(r, "resolve"), 0700), 0);
	write_file(r, "etc/other");
	write_file(r, "resolve/new");
}

static void remove_root(struct root *r)
{
	static const char *const names[] = { "etc/resolv.conf", "etc/real", "etc/other",
		"etc/new", "resolve/real", "resolve/new" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(at(r, names[i]));
	CHECK_INT(rmdir(at(r, "etc")), 0);
	CHECK_INT(rmdir(at(r, "resolve")), 0);
	CHECK_INT(rmdir(r->dir), 0);
}

static bool opens(struct root *r, const char *name)
{
	int fd = open(at(r, name), O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

enum { READ_BEFORE = 1, READ_AFTER = 2, READ_OTHER = 4 };

/* In a process of its own: reads, lets the file be replaced, reads again. */
static int be_confined(struct root *r, int turn)
{
	int found = 0;
	char byte = 0;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!confine_files(at(r, "etc/resolv.conf"), NULL))
		return -1;
	found |= opens(r, "etc/resolv.conf") ? READ_BEFORE : 0;
	if (write(turn, &byte, 1) != 1 || read(turn, &byte, 1) != 1)
		return -1;
	found |= opens(r, "etc/resolv.conf") ? READ_AFTER : 0;
	found |= opens(r, "etc/other") ? READ_OTHER : 0;
	return found;
}

/* The file, by its name in r, is replaced by `new`. */
static int read_while_replaced(struct root *r, const char *file, const char *new)
{
	char from[PATH_MAX], byte;
	int turns[2], status = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, turns) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		_exit(be_confined(r, turns[1]));
	CHECK_INT(read(turns[0], &byte, 1), 1);
	snprintf(from, sizeof from, "%s/%s", r->dir, new);
	CHECK_INT(rename(from, at(r, file)), 0);
	CHECK_INT(write(turns[0], &byte, 1), 1);
	waitpid(pid, &status, 0);
	close(turns[0]);
	close(turns[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* As systemd-resolved, NetworkManager and resolvconf have it. */
TEST(a_resolver_file_in_a_folder_of_its_own_may_be_replaced)
{
	struct root r;

	if (!confine_files_possible()) {
		printf("note: a resolver file that is replaced: this kernel has no Landlock\n");
		return;
	}
	make_root(&r);
	write_file(&r, "resolve/real");
	CHECK_INT(symlink("../resolve/real", at(&r, "etc/resolv.conf")), 0);
	CHECK_INT(read_while_replaced(&r, "resolve/real", "resolve/new"),
		READ_BEFORE | READ_AFTER);
	remove_root(&r);
}

/* Nothing else in that folder may be read for it: /etc has other files than this. */
TEST(one_that_stands_among_others_opens_none_of_them)
{
	struct root r;

	if (!confine_files_possible())
		return;
	make_root(&r);
	write_file(&r, "etc/resolv.conf");
	write_file(&r, "etc/new");
	CHECK_INT(read_while_replaced(&r, "etc/resolv.conf", "etc/new"), READ_BEFORE);
	remove_root(&r);
	make_root(&r);
	write_file(&r, "etc/real");
	write_file(&r, "etc/new");
	CHECK_INT(symlink("real", at(&r, "etc/resolv.conf")), 0);
	CHECK_INT(read_while_replaced(&r, "etc/real", "etc/new"), READ_BEFORE);
	remove_root(&r);
}
