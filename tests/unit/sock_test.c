/* Sockets on the loop: what is told, when, and how often. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/sock.h"
#include "tests/lib/test.h"
#include "tests/lib/turns.h"

struct end {
	struct sock sock;
	int other;   /* what the test holds */
	size_t room; /* of a read */
	unsigned reads, writable, closed;
	int connected; /* -1: not told */
	ssize_t last;  /* of a read */
	size_t got;
	char bytes[65536];
	bool closes; /* when it is told of bytes */
};

static struct loop loop;

static void on_readable(struct sock *s)
{
	struct end *e = container_of(s, struct end, sock);

	e->reads++;
	e->last = sock_read(s, e->bytes, e->room);
	if (e->last > 0)
		e->got += (size_t)e->last;
	if (e->closes)
		sock_close(s);
}

static void on_writable(struct sock *s)
{
	container_of(s, struct end, sock)->writable++;
}

static void on_connected(struct sock *s, int error)
{
	container_of(s, struct end, sock)->connected = error;
}

static void on_closed(struct sock *s)
{
	container_of(s, struct end, sock)->closed++;
}

static const struct sock_events events = { on_readable, on_writable, on_connected,
	on_closed };

static void end_open(struct end *e)
{
	int pair[2];

	loop_init(&loop);
	memset(e, 0, sizeof *e);
	e->room = sizeof e->bytes;
	e->connected = -1;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	e->other = pair[1];
	sock_open(&e->sock, &loop, pair[0], &events);
	sock_set_reading(&e->sock, true);
}

static void end_close(struct end *e)
{
	sock_close(&e->sock);
	sock_close(&e->sock);
	CHECK_INT(e->closed, 0);
	loop_run(&loop);
	CHECK_INT(e->closed, 1);
	close(e->other);
	loop_fini(&loop);
}

static void say(struct end *e, size_t n)
{
	static const char zeros[65536];

	CHECK_INT(write(e->other, zeros, n), n);
}

TEST(bytes_are_told_once)
{
	struct end e;

	end_open(&e);
	say(&e, 10);
	TURN_UNTIL(&loop, e.got == 10);
	turn_for_ms(&loop, 5);
	CHECK_INT(e.reads, 1);
	say(&e, 5);
	TURN_UNTIL(&loop, e.got == 15);
	CHECK_INT(e.reads, 2);
	end_close(&e);
}

TEST(what_one_read_left_is_read_in_later_turns)
{
	struct end e;

	end_open(&e);
	e.room = 1000;
	say(&e, 10000);
	loop_turn(&loop, true);
	CHECK_INT(e.got, 1000);
	for (int i = 0; i < 9; i++)
		loop_turn(&loop, true);
	CHECK_INT(e.got, 10000);
	end_close(&e);
}

TEST(a_pause_keeps_bytes_for_later)
{
	struct end e;

	end_open(&e);
	sock_set_reading(&e.sock, false);
	say(&e, 10);
	turn_for_ms(&loop, 5);
	CHECK_INT(e.reads, 0);
	sock_set_reading(&e.sock, true);
	CHECK_INT(e.reads, 0); /* never from inside a call */
	TURN_UNTIL(&loop, e.got == 10);
	sock_set_reading(&e.sock, false);
	sock_set_reading(&e.sock, true);
	turn_for_ms(&loop, 5);
	CHECK(e.last == 10 || e.last == SOCK_NOTHING);
	end_close(&e);
}

TEST(the_last_bytes_come_before_the_end)
{
	struct end e;

	end_open(&e);
	say(&e, 10);
	CHECK(shutdown(e.other, SHUT_WR) == 0);
	TURN_UNTIL(&loop, e.last == SOCK_END);
	CHECK_INT(e.got, 10);
	turn_for_ms(&loop, 5);
	CHECK_INT(e.reads, 2); /* an end is told once */
	end_close(&e);
}

TEST(an_end_that_comes_later_is_told)
{
	struct end e;

	end_open(&e);
	say(&e, 10);
	TURN_UNTIL(&loop, e.got == 10);
	CHECK(shutdown(e.other, SHUT_WR) == 0);
	TURN_UNTIL(&loop, e.last == SOCK_END);
	end_close(&e);
}

TEST(who_could_not_write_all_is_told_when_there_is_room)
{
	static const char much[4 << 20];
	struct iovec parts[2] = { { (char *)much, sizeof much }, { (char *)much, 10 } };
	static char into[1 << 20];
	struct end e;
	ssize_t n;

	end_open(&e);
	n = sock_write(&e.sock, parts, 2);
	CHECK(n > 0 && n < (ssize_t)sizeof much);
	CHECK_INT(sock_write(&e.sock, parts, 1), 0);
	turn_for_ms(&loop, 5);
	CHECK_INT(e.writable, 0);
	while (n > 0)
		n -= read(e.other, into, sizeof into);
	TURN_UNTIL(&loop, e.writable == 1);
	CHECK(sock_write(&e.sock, parts + 1, 1) == 10);
	say(&e, 1);
	TURN_UNTIL(&loop, e.got == 1);
	CHECK_INT(e.writable, 1); /* nobody waits */
	end_close(&e);
}

TEST(who_writes_to_nobody_learns_it)
{
	struct iovec part = { "x", 1 };
	struct end e;

	end_open(&e);
	close(e.other);
	CHECK_INT(sock_write(&e.sock, &part, 1), SOCK_BROKEN);
	e.other = dup(0);
	end_close(&e);
}

TEST(closed_by_what_it_was_told)
{
	struct end e;

	end_open(&e);
	e.closes = true;
	e.room = 1;
	say(&e, 10);
	TURN_UNTIL(&loop, e.closed == 1);
	CHECK_INT(e.reads, 1);
	close(e.other);
	loop_fini(&loop);
}

/* ---- connecting ---- */

static void connect_to(struct end *e, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(e, 0, sizeof *e);
	e->connected = -1;
	e->other = -1;
	CHECK_INT(sock_connect(&e->sock, &loop, (struct sockaddr *)&to, sizeof to, &events),
		0);
}

TEST(connecting_works_or_says_why_not)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct end e;

	CHECK(bind(listener, (struct sockaddr *)&at, sizeof at) == 0);
	CHECK(listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	loop_init(&loop);
	connect_to(&e, ntohs(at.sin_port));
	CHECK_INT(e.connected, -1); /* never from inside the call */
	TURN_UNTIL(&loop, e.connected == 0);
	sock_close(&e.sock);
	loop_run(&loop);
	close(listener);
	connect_to(&e, ntohs(at.sin_port));
	TURN_UNTIL(&loop, e.connected >= 0);
	CHECK_INT(e.connected, ECONNREFUSED);
	sock_close(&e.sock);
	loop_run(&loop);
	loop_fini(&loop);
}

TEST(an_address_that_cannot_be_is_said_at_once)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = "/nonexistent/socket" };
	struct end e = { .other = -1, .connected = -1 };

	loop_init(&loop);
	CHECK_INT(sock_connect(&e.sock, &loop, (struct sockaddr *)&to, sizeof to, &events),
		ENOENT);
	sock_close(&e.sock);
	loop_run(&loop);
	CHECK_INT(e.closed, 1);
	CHECK_INT(e.connected, -1);
	loop_fini(&loop);
}
