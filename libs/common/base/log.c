#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "json/write.h"

#define RING_SIZE (1u << 20)
#define LINE_MAX  (16u << 10)
#define WRITE_MAX (64u << 10)
#define GATHER_US 5000
#define DIRECT_US 50000 /* how long a line without a thread may take */
#define FLUSH_MS  1000  /* a reader that takes nothing for so long is given up */

enum log_level log_least = LOG_INFO;

/* One ring for the process: writers copy whole lines in, the thread writes them out. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more, written;
	pthread_t thread;
	char *ring;
	size_t head, tail; /* bytes ever put in, ever written out */
	uint64_t dropped;
	bool running, stopping;
	bool direct; /* no thread */
	char service[32];
} out = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.written = PTHREAD_COND_INITIALIZER };

static _Thread_local const struct log_context *context;
static _Thread_local struct buf line;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static void write_all(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody to tell; the line is lost, the service is not */
		bytes += n;
		len -= (size_t)n;
	}
}

/* One write for the lines of a few milliseconds: a busy gateway logs thousands a second. */
static void gather(void)
{
	if (out.stopping)
		return;
	pthread_mutex_unlock(&out.lock);
	usleep(GATHER_US);
	pthread_mutex_lock(&out.lock);
}

static void *write_lines(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&out.lock);
	for (;;) {
		size_t from, len;

		while (out.head == out.tail && !out.stopping) {
			pthread_cond_wait(&out.more, &out.lock);
			gather();
		}
		if (out.head == out.tail)
			break;
		from = out.tail % RING_SIZE;
		len = out.head - out.tail;
		if (len > RING_SIZE - from)
			len = RING_SIZE - from;
		if (len > WRITE_MAX) /* a slow reader is seen to take some */
			len = WRITE_MAX;
		pthread_mutex_unlock(&out.lock);
		write_all(out.ring + from, len);
		pthread_mutex_lock(&out.lock);
		out.tail += len;
		pthread_cond_signal(&out.written);
	}
	pthread_mutex_unlock(&out.lock);
	return NULL;
}

static void name_it(const char *service, enum log_level least)
{
	log_least = least;
	snprintf(out.service, sizeof out.service, "%s", service);
}

static void on_alarm(int signum)
{
	(void)signum; /* write() has been interrupted: that is all */
}

void log_open_direct(const char *service, enum log_level least)
{
	const struct sigaction interrupt = { .sa_handler = on_alarm };

	name_it(service, least);
	sigaction(SIGALRM, &interrupt, NULL);
	out.direct = true;
}

void log_open(const char *service, enum log_level least)
{
	static char ring[RING_SIZE];

	name_it(service, least);
	if (out.running)
		return;
	out.direct = false;
	out.ring = ring;
	out.stopping = false;
	out.dropped = 0; /* of a process that forked this one */
	out.running = pthread_create(&out.thread, NULL, write_lines, NULL) == 0;
}

/* Until everything is written; false if the reader takes nothing. */
static bool flush(void)
{
	struct timespec until;
	size_t before;
	int late = 0;

	if (!out.running)
		return true;
	pthread_mutex_lock(&out.lock);
	while (out.head != out.tail && !late) {
		before = out.tail;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += FLUSH_MS / 1000;
		while (out.tail == before && !late)
			late = pthread_cond_timedwait(&out.written, &out.lock, &until);
	}
	pthread_mutex_unlock(&out.lock);
	return !late;
}

void log_close(void)
{
	bool all = flush();

	if (out.running) {
		pthread_mutex_lock(&out.lock);
		out.stopping = true;
		pthread_cond_signal(&out.more);
		pthread_mutex_unlock(&out.lock);
		if (!all)
			pthread_cancel(out.thread); /* it hangs in write() */
		pthread_join(out.thread, NULL);
		out.running = false;
	}
	buf_fini(&line);
}

bool log_level_parse(struct str name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
		if (str_eq(name, str_of(level_names[i]))) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_context_set(const struct log_context *ctx)
{
	context = ctx;
}

const struct log_context *log_context_get(void)
{
	return context;
}

uint64_t log_dropped(void)
{
	return __atomic_load_n(&out.dropped, __ATOMIC_RELAXED);
}

static void count_dropped(void)
{
	__atomic_fetch_add(&out.dropped, 1, __ATOMIC_RELAXED);
}

/* There may be room when we look, and none when we write: others write there, too. */
static void write_direct(const char *bytes, size_t len)
{
	struct pollfd reader = { .fd = STDERR_FILENO, .events = POLLOUT };
	const struct itimerval soon = { { 0, DIRECT_US }, { 0, DIRECT_US } }, off = { 0 };
	bool written = false;

	if (poll(&reader, 1, DIRECT_US / 1000) == 1 && (reader.revents & POLLOUT)) {
		setitimer(ITIMER_REAL, &soon, NULL);
		written = write(STDERR_FILENO, bytes, len) == (ssize_t)len;
		setitimer(ITIMER_REAL, &off, NULL);
	}
	if (!written)
		count_dropped();
}

static void put(const char *bytes, size_t len)
{
	size_t at, first;
	bool was_empty;

	if (!out.running) { /* before log_open and in tests, too */
		if (out.direct)
			write_direct(bytes, len);
		else
			write_all(bytes, len);
		return;
	}
	pthread_mutex_lock(&out.lock);
	if (RING_SIZE - (out.head - out.tail) < len) {
		count_dropped();
		pthread_mutex_unlock(&out.lock);
		return;
	}
	was_empty = out.head == out.tail;
	at = out.head % RING_SIZE;
	first = len < RING_SIZE - at ? len : RING_SIZE - at;
	memcpy(out.ring + at, bytes, first);
	memcpy(out.ring, bytes + first, len - first);
	out.head += len;
	if (was_empty)
		pthread_cond_signal(&out.more);
	pthread_mutex_unlock(&out.lock);
}

void log_raw(struct str text)
{
	buf_clear(&line);
	buf_add_str(&line, text.len < LINE_MAX ? text : str_span(text.ptr, LINE_MAX));
	buf_add_char(&line, '\n');
	put(line.ptr, line.len);
}

void log_write(
	enum log_level level, const char *event, size_t n, const struct log_field *fields)
{
	struct json_writer w;

	buf_clear(&line);
	w = json_writer(&line);
	json_object(&w, NULL);
	json_put_time(&w, "ts", clock_wall_us());
	json_put_z(&w, "level", level_names[level]);
	json_put_z(&w, "service", out.service);
	json_put_z(&w, "event", event);
	if (context && context->request_id[0])
		json_put_z(&w, "request_id", context->request_id);
	if (context && context->trace_id[0])
		json_put_z(&w, "trace_id", context->trace_id);
	for (size_t i = 0; i < n; i++) {
		if (fields[i].kind == LOG_FIELD_INT)
			json_put_i64(&w, fields[i].key, fields[i].i);
		else if (fields[i].s.len < LINE_MAX)
			json_put_str(&w, fields[i].key, fields[i].s);
	}
	json_end(&w);
	buf_add_char(&line, '\n');
	put(line.ptr, line.len);
	buf_shrink(&line, LINE_MAX);
}
