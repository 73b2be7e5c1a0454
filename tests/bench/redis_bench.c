/*
 * redis_bench - commands per second, this process's own CPU time per command, and how long
 * a job takes from XADD in one process to `take` in another.
 *
 *   redis_bench [URL]     a Redis to use, which is emptied; none: one of its own
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/jobq.h"
#include "tests/lib/redis_server.h"

#define COMMANDS 300000
#define JOBS     2000
#define KEY      "castor:bench:{q}:jobs"
#define STREAM   "castor:bench:{q}:stream"

static struct loop loop;
static struct redis *redis;
static struct redis_server server;

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void open_redis(const char *url)
{
	loop_init(&loop);
	redis = redis_open(&loop, url, "bench");
	while (!redis_is_up(redis))
		loop_turn(&loop, true);
}

static void close_redis(void)
{
	redis_close(&redis, NULL, NULL);
	loop_run(&loop);
	loop_fini(&loop);
}

/* ---- pipelined XADD: each answer asks for the next ---- */

static uint64_t asked, answered, failed;
static const struct str body = STR(
	"{\"room_id\":\"01936f3e-7b0a-7cc1-8d2e-0123456789ab\","
	"\"reply_id\":\"01936f3e-7b0a-7cc1-8d2e-0123456789ac\"}");

static void add_one(void);

static void on_added(void *ctx, enum err e, const struct redis_value *v)
{
	(void)ctx;
	(void)v;
	answered++;
	failed += e != ERR_OK;
	if (asked < COMMANDS)
		add_one();
}

static void add_one(void)
{
	asked++;
	redis_send(redis,
		&REDIS_CMD(STR("XADD"), STR(STREAM), STR("MAXLEN"), STR("~"), STR("1000"),
			STR("*"), STR("j"), body),
		on_added, NULL);
}

static void bench_commands(const char *url, unsigned at_a_time)
{
	uint64_t took_us, cpu;

	open_redis(url);
	asked = answered = failed = 0;
	took_us = clock_mono_us();
	cpu = cpu_us();
	while (asked < at_a_time)
		add_one();
	while (answered < COMMANDS)
		loop_turn(&loop, true);
	took_us = clock_mono_us() - took_us;
	cpu = cpu_us() - cpu;
	printf("XADD, %6u at a time  %9.0f /s  %6.2f us CPU each%s\n", at_a_time,
		(double)COMMANDS * 1e6 / (double)took_us, (double)cpu / COMMANDS,
		failed ? "  SOME FAILED" : "");
	close_redis();
}

/* ---- from one process to the other ---- */

static struct jobq_taker *queue;
static unsigned taken;
static uint64_t wait_us[JOBS];

static unsigned room(void *ctx)
{
	(void)ctx;
	return 100;
}

static void take(void *ctx, const struct taken_job *j)
{
	uint64_t sent = 0;

	(void)ctx;
	if (str_u64(j->body, &sent) && taken < JOBS)
		wait_us[taken++] = clock_mono_us() - sent;
	jobq_done(queue, &j->id);
}

/* The other process: a job every millisecond, with the time it was sent. */
static int send_jobs(const char *url)
{
	struct jobq *adder;

	open_redis(url);
	adder = jobq_open(&loop, redis, KEY);
	for (int i = 0; i < JOBS; i++) {
		char now[24];

		snprintf(now, sizeof now, "%llu", (unsigned long long)clock_mono_us());
		jobq_add(adder, &(struct job){ .id = uuid_v7(), .body = str_of(now) });
		loop_turn(&loop, false);
		usleep(1000);
	}
	jobq_close(&adder);
	close_redis();
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void is_done(void *ctx, enum err e, const struct redis_value *v)
{
	(void)e;
	(void)v;
	*(bool *)ctx = true;
}

static void closed(void *ctx)
{
	*(bool *)ctx = true;
}

/* What earlier runs left in a Redis that is not ours would be in the way. */
static void forget_all(const char *url)
{
	bool gone = false;

	open_redis(url);
	redis_send(redis, &REDIS_CMD(STR("FLUSHDB")), is_done, &gone);
	while (!gone)
		loop_turn(&loop, true);
	close_redis();
}

static void bench_queue(const char *url)
{
	static struct jobq_model model = { .name = "m" };
	bool is_closed = false;
	uint64_t cpu;
	pid_t other;

	forget_all(url);
	other = fork();
	if (other == 0)
		_exit(send_jobs(url));
	open_redis(url);
	queue = jobq_taker_open(&(struct jobq_taker_options){ .loop = &loop,
		.url = url,
		.redis = redis,
		.key = KEY,
		.client_name = "bench",
		.models = &model,
		.model_count = 1,
		.pro_cap = 1000,
		.basic_cap = 1000,
		.keep_ms = 10000,
		.room = room,
		.take = take });
	cpu = cpu_us();
	while (waitpid(other, NULL, WNOHANG) == 0)
		loop_turn(&loop, true);
	cpu = cpu_us() - cpu;
	qsort(wait_us, taken, sizeof *wait_us, by_size);
	if (taken)
		printf("added to taken, idle   p50 %llu us  p99 %llu us  %6.2f us CPU each"
		       " (taken and acked: %u)\n",
			(unsigned long long)wait_us[taken / 2],
			(unsigned long long)wait_us[taken * 99 / 100], (double)cpu / taken,
			taken);
	jobq_taker_close(&queue, closed, &is_closed);
	while (!is_closed)
		loop_turn(&loop, true);
	close_redis();
}

/* ---- a growing backlog ---- */

#define BACKLOG_JOBS 20000

static unsigned done_jobs;
static struct jobq *adder;

static struct job some_job(unsigned n)
{
	struct job j = { .id = uuid_v7(), .body = STR("{}"), .created_ms = n };

	memcpy(j.user_id.b, &(unsigned){ n % 9973 }, sizeof n);
	return j;
}

/* One goes, one comes: the backlog stays as long as it is. */
static void take_and_add(void *ctx, const struct taken_job *j)
{
	struct job next = some_job(done_jobs++);

	(void)ctx;
	jobq_done(queue, &j->id);
	jobq_add(adder, &next);
}

static void fill(unsigned backlog)
{
	adder = jobq_open(&loop, redis, KEY);
	for (unsigned n = 0; n < backlog;) {
		for (unsigned end = n + 1000 < backlog ? n + 1000 : backlog; n < end; n++) {
			struct job j = some_job(n);

			jobq_add(adder, &j);
		}
		while (jobq_added(adder) < n)
			loop_turn(&loop, true);
	}
}

/* Processor time of the Redis that the benchmark started, in microseconds; 0: it started
 * none. */
static double redis_cpu_us(void)
{
	unsigned long user = 0, sys = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)server.pid);
	f = server.pid ? fopen(path, "r") : NULL;
	if (f && fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			 &user, &sys) != 2)
		user = sys = 0;
	if (f)
		fclose(f);
	return (double)(user + sys) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static void bench_backlog(const char *url, unsigned backlog)
{
	static struct jobq_model model = { .name = "m" };
	static double first;
	bool is_closed = false;
	double us;

	forget_all(url);
	open_redis(url);
	fill(backlog);
	done_jobs = 0;
	queue = jobq_taker_open(&(struct jobq_taker_options){ .loop = &loop,
		.url = url,
		.redis = redis,
		.key = KEY,
		.client_name = "bench",
		.models = &model,
		.model_count = 1,
		.pro_cap = 1000,
		.basic_cap = 1000,
		.keep_ms = 10000,
		.room = room,
		.take = take_and_add });
	us = redis_cpu_us();
	while (done_jobs < BACKLOG_JOBS)
		loop_turn(&loop, true);
	us = (redis_cpu_us() - us) / BACKLOG_JOBS;
	first = first > 0 ? first : us;
	printf("backlog of %6u       %6.2f us of Redis per job added, taken and done (%.2f of the "
	       "first)\n",
		backlog, us, us / first);
	jobq_close(&adder);
	jobq_taker_close(&queue, closed, &is_closed);
	while (!is_closed)
		loop_turn(&loop, true);
	close_redis();
}

int main(int argc, char **argv)
{
	const char *url = argc > 1 ? argv[1] : NULL;

	if (!url) {
		redis_server_start(&server, NULL);
		url = server.unix_url;
	}
	bench_commands(url, 1);
	bench_commands(url, 100);
	bench_commands(url, 10000);
	bench_queue(url);
	bench_backlog(url, 10);
	bench_backlog(url, 1000);
	bench_backlog(url, 100000);
	forget_all(url);
	return 0;
}
