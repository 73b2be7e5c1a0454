#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "json/write.h"

#define RING_SIZE (1u << 20)
#define LINE_MAX  (16u << 10)
#define WRITE_MAX (64u << 10)
#define GATHER_US 5000
#define CLOSE_S   2

enum log_level log_least = LOG_INFO;

/* One ring for the process: writers copy whole lines in, the thread writes them out. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t thread;
	char *ring;
	size_t head, tail; /* bytes ever put in, ever written out */
	uint64_t dropped;
	bool running, stopping;
	bool socket; /* direct: standard error is one */
	int pipe;    /* direct: another way into the pipe that it is; 0: it is none */
	char service[32];
} out = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

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
	}
	pthread_mutex_unlock(&out.lock);
	return NULL;
}

/* ---- direct: a reader that does not read costs lines here as well ---- */

static void drop(void)
{
	__atomic_fetch_add(&out.dropped, 1, __ATOMIC_RELAXED);
}

static void write_now(const char *bytes, size_t len)
{
	ssize_t n = (ssize_t)len;

	if (out.socket)
		n = send(STDERR_FILENO, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (out.pipe > 0)
		n = write(out.pipe, bytes, len);
	else
		write_all(bytes, len);
	if (n != (ssize_t)len)
		drop();
}

/* Opened anew it does not block, and does for all others who have it open. */
static void find_way(void)
{
	static const char self[] = "/proc/self/fd/2";
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		return;
	out.socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode))
		out.pipe = open(self, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* ---- opening and closing ---- */

static void set(const char *service, enum log_level least)
{
	log_least = least;
	snprintf(out.service, sizeof out.service, "%s", service);
}

void log_open_direct(const char *service, enum log_level least)
{
	set(service, least);
	if (!out.socket && out.pipe <= 0)
		find_way();
}

void log_open(const char *service, enum log_level least)
{
	static char ring[RING_SIZE];

	set(service, least);
	if (out.running)
		return;
	out.ring = ring;
	out.dropped = 0; /* by the process that this one was forked from */
	out.stopping = false;
	out.running = pthread_create(&out.thread, NULL, write_lines, NULL) == 0;
}

static size_t written(void)
{
	size_t tail;

	pthread_mutex_lock(&out.lock);
	tail = out.tail;
	pthread_mutex_unlock(&out.lock);
	return tail;
}

/* Or the reader takes nothing any more. */
static bool has_written_all(void)
{
	struct timespec until;
	size_t before;

	do {
		before = written();
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += CLOSE_S;
		if (pthread_timedjoin_np(out.thread, NULL, &until) == 0)
			return true;
	} while (written() != before);
	return false;
}

void log_close(void)
{
	if (out.running) {
		pthread_mutex_lock(&out.lock);
		out.stopping = true;
		pthread_cond_signal(&out.more);
		pthread_mutex_unlock(&out.lock);
		if (has_written_all())
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

static void put(const char *bytes, size_t len)
{
	size_t at, first;
	bool was_empty;

	if (!out.running) { /* direct, before log_open, and in tests */
		write_now(bytes, len);
		return;
	}
	pthread_mutex_lock(&out.lock);
	if (RING_SIZE - (out.head - out.tail) < len) {
		drop();
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
