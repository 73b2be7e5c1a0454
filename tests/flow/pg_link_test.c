#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

#include "tests/lib/pg_asks.h"

/* ---- losing the link ---- */

TEST(killed_backends_are_replaced)
{
	struct ask read = { 0 }, write = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	pg_asks_wait_up();
	for (int i = 0; i < 3; i++) {
		read = write = (struct ask){ 0 };
		ask_number(&read, &nap, 10000);
		ask_number(&write, &nap_write, 10000);
		turn_for_ms(&loop, 20);
		pg_server_kill_backends(server);
		TURN_UNTIL(&loop, read.ended && write.ended);
		CHECK_INT(read.e, ERR_UNAVAILABLE);
		CHECK_INT(write.e, ERR_UNSURE);
		pg_asks_wait_up();
		CHECK_INT(asked(&echo, i).number, i);
	}
	pg_asks_end();
}

TEST(answers_that_came_before_the_end_count)
{
	static const struct pg_stmt suicide = { "suicide",
		"select pg_terminate_backend(pg_backend_pid()) from "
		" generate_series(1, $1::int8)" };
	struct ask before[10] = { 0 }, last = { 0 }, after = { 0 };
	int ok = 0;

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	pg_asks_wait_up();
	for (int i = 0; i < 10; i++)
		ask_number(&before[i], &note, i);
	ask_number(&last, &suicide, 1);
	ask_number(&after, &note, 99);
	TURN_UNTIL(&loop, pg_in_flight(pg) == 0);
	for (int i = 0; i < 10; i++)
		ok += before[i].e == ERR_OK;
	CHECK_INT(ok, 10);
	CHECK_INT(last.e, ERR_UNAVAILABLE);
	CHECK_INT(after.e, ERR_UNSURE);
	pg_asks_end();
}

TEST(a_server_that_went_is_said_at_once_and_found_again)
{
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	CHECK_INT(asked(&note, 1).e, ERR_OK);
	pg_server_down(server);
	TURN_UNTIL(&loop, !pg_is_up(pg));
	for (int i = 0; i < 100; i++) {
		a = (struct ask){ 0 };
		ask_number(&a, &note, 2);
		CHECK_INT(a.ended, 0);
		turn_once(&loop);
		CHECK_INT(a.ended, 1); /* the turn it was asked in */
		CHECK_INT(a.e, ERR_UNAVAILABLE);
	}
	pg_server_up(server);
	pg_asks_wait_up();
	CHECK_INT(asked(&note, 3).e, ERR_OK);
	CHECK_INT(pg_server_int(server, "select sum(n) from notes"), 4);
	pg_asks_end();
}

TEST(a_frozen_server_is_given_up)
{
	struct ask read = { 0 }, write = { 0 };
	pid_t pid;

	pg_asks_begin();
	pg = pg_open(&(struct pg_options){ .loop = &loop,
		.url = pg_server_url(server, "postgres"),
		.connections = 1,
		.app_name = "frozen",
		.statement_ms = 20 });
	pg_asks_wait_up();
	pid = (pid_t)pg_server_int(server,
		"select pid from pg_stat_activity where application_name = 'frozen'");
	CHECK(pid > 1 && kill(pid, SIGSTOP) == 0);
	ask_number(&read, &echo, 1);
	ask_number(&write, &note, 1);
	TURN_UNTIL(&loop, read.ended && write.ended);
	CHECK_INT(read.e, ERR_UNAVAILABLE);
	CHECK_INT(write.e, ERR_UNSURE);
	pg_asks_wait_up();
	CHECK_INT(asked(&echo, 2).number, 2);
	kill(pid, SIGCONT);
	pg_asks_end();
}

TEST(close_ends_what_is_under_way)
{
	struct ask read = { 0 }, write = { 0 }, waiting = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 2);
	pg_asks_wait_up();
	ask_number(&read, &nap, 10000);
	ask_number(&write, &nap_write, 10000);
	turn_for_ms(&loop, 20);
	ask_number(&waiting, &note, 1);
	pg_asks_end();
	CHECK_INT(read.e, ERR_CANCELED);
	CHECK_INT(write.e, ERR_UNSURE);
	CHECK_INT(waiting.ended, 1);
	CHECK(waiting.e == ERR_CANCELED || waiting.e == ERR_UNSURE);
}

TEST(close_while_connecting)
{
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 4);
	ask_number(&a, &note, 1);
	pg_asks_end();
	CHECK_INT(a.e, ERR_CANCELED);
}

/* ---- where the server is ---- */

TEST(calls_wait_for_the_first_connection_only)
{
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open(pg_server_url(server, "postgres"), 1);
	CHECK(!pg_is_up(pg));
	CHECK_INT(asked(&echo, 4).number, 4);
	pg_asks_end();

	loop_init(&loop);
	pg_asks_open("postgresql://postgres@127.0.0.1:1/castor", 1);
	ask_number(&a, &echo, 4);
	TURN_UNTIL(&loop, a.ended);
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	pg_asks_end();
}

TEST(a_socket_in_the_file_system)
{
	pg_asks_begin();
	pg_asks_open(pg_server_socket_url(server, "postgres"), 2);
	CHECK_INT(asked(&echo, 1).number, 1);
	pg_asks_end();
}

TEST(a_host_by_name)
{
	char url[128];

	pg_asks_begin();
	snprintf(url, sizeof url, "postgresql://postgres@localhost:%d/castor",
		pg_server_port(server));
	pg_asks_open(url, 2);
	pg_asks_wait_up();
	CHECK_INT(asked(&echo, 1).number, 1);
	pg_asks_end();
}

TEST(a_name_that_leads_nowhere)
{
	struct ask a = { 0 };

	pg_asks_begin();
	pg_asks_open("postgresql://postgres@no-such-host.invalid/castor", 1);
	ask_number(&a, &echo, 1);
	TURN_UNTIL(&loop, a.ended);
	CHECK_INT(a.e, ERR_UNAVAILABLE);
	pg_asks_end();
}

TEST(dead_hosts_are_passed_over)
{
	char url[256];

	pg_asks_begin();
	snprintf(url, sizeof url,
		"postgresql://postgres@127.0.0.1:1,no-such-host.invalid:1,127.0.0.1:%d"
		"/castor"
		"?target_session_attrs=read-write",
		pg_server_port(server));
	pg_asks_open(url, 2);
	pg_asks_wait_up();
	CHECK_INT(asked(&echo, 1).number, 1);
	pg_asks_end();
}

/* A listener that accepts and says nothing. */
static int silent_host(int *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof any;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 10) == 0 &&
		getsockname(fd, (struct sockaddr *)&any, &size) == 0);
	*port = ntohs(any.sin_port);
	return fd;
}

TEST(a_silent_host_is_tried_last_the_next_time)
{
	char url[256];
	int port, fd = silent_host(&port);

	pg_asks_begin();
	snprintf(url, sizeof url,
		"postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/castor?connect_timeout=1",
		port, pg_server_port(server));
	pg_asks_open(url, 2);
	pg_asks_wait_up();
	CHECK_INT(asked(&echo, 1).number, 1);
	close(fd);
	pg_asks_end();
}
