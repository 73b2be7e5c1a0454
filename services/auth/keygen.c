/* `auth keygen DIR`: a new key pair for access tokens: DIR/jwt.key for auth, DIR/jwt.pub
 * for everyone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auth.h"

/* A key that is there already is never overwritten. */
static bool write_file(const char *dir, const char *name, mode_t mode, struct str content)
{
	char path[4096];
	bool good;
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	good = fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len &&
	       !fsync(fd);
	if (!good)
		fprintf(stderr, "auth keygen: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

int keygen_command(struct app *app, int argc, char **argv)
{
	struct buf secret = { 0 }, shown = { 0 };
	bool good;

	(void)app;
	if (strcmp(argv[0], "keygen") != 0)
		return -1;
	if (argc != 2) {
		fprintf(stderr, "usage: auth keygen DIR\n");
		return 2;
	}
	token_keygen(&secret, &shown);
	good = write_file(argv[1], "jwt.key", 0600, buf_str(&secret)) &&
	       write_file(argv[1], "jwt.pub", 0644, buf_str(&shown));
	buf_wipe(&secret);
	buf_fini(&shown);
	return good ? 0 : 1;
}
