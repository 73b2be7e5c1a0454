#include "http/listen.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG 4096

static const char unix_prefix[] = "unix:";

bool listen_is_unix(const char *address)
{
	return strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0;
}

static const char *unix_path(const char *address)
{
	return address + sizeof unix_prefix - 1;
}

void listen_forget(const char *address)
{
	struct stat st;

	if (listen_is_unix(address) && stat(unix_path(address), &st) == 0 &&
		S_ISSOCK(st.st_mode))
		unlink(unix_path(address));
}

static int new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Listens, or closes it and says why not. */
static int finish(int fd, const struct sockaddr *at, socklen_t len)
{
	int why;

	if (bind(fd, at, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	why = uv_translate_sys_error(errno);
	close(fd);
	return why;
}

static int open_unix(const char *address)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *path = unix_path(address);
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return UV_ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path));
	listen_forget(address); /* left behind by one that was killed */
	fd = new_socket(AF_UNIX);
	return fd < 0 ? uv_translate_sys_error(errno)
		      : finish(fd, (struct sockaddr *)&at, sizeof at);
}

static struct addrinfo *resolve(const char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE },
			*found;
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	char host[256];

	if (!colon || len >= sizeof host)
		return NULL;
	if (len > 1 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	return getaddrinfo(len ? host : NULL, colon + 1, &hints, &found) == 0 ? found
									      : NULL;
}

static int open_tcp(const struct addrinfo *at, bool shared)
{
	static const int on = 1, off = 0;
	int fd = new_socket(at->ai_family);

	if (fd < 0)
		return uv_translate_sys_error(errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	fd = finish(fd, at->ai_addr, at->ai_addrlen);
	/* What a predecessor's listen_yield left with the address. */
	if (fd >= 0 && shared)
		setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &on, sizeof on);
	return fd;
}

int listen_open(const char *address, bool shared)
{
	struct addrinfo *found;
	int fd;

	if (listen_is_unix(address))
		return open_unix(address);
	found = resolve(address);
	if (!found)
		return UV_EADDRNOTAVAIL;
	fd = open_tcp(found, shared);
	freeaddrinfo(found);
	return fd;
}

/* Sockets of one address are numbered in the order they came: this one is 0. A program
 * that names one that is not there is passed over. */
void listen_yield(int fd)
{
	struct sock_filter second = { BPF_RET | BPF_K, 0, 0, 1 };
	struct sock_fprog program = { 1, &second };

	setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}
