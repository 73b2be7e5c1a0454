#include "app/confine_files.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"

/* linux/landlock.h, as far as it is used: headers of Debian 12 do not know all of it. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { RULE_PATH_BENEATH = 1, ASK_VERSION = 1 };
enum { READ_FILE = 1 << 2, READ_DIR = 1 << 3 };

struct ruleset {
	uint64_t handled_files;
};
struct rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static const char *const readable[] = {
	/* TLS */
	"/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	/* names */
	"/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/etc/hosts",
	"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/etc/protocols", "/etc/passwd", "/etc/group",
	/* what glibc loads and asks for on the way */
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache",
	"/etc/localtime", "/usr/share/zoneinfo", "/proc/self", "/proc/sys", "/proc/meminfo",
	"/proc/stat", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/dev/urandom",
	"/dev/null",
	/* libpq */
	"/etc/postgresql-common"
};

static long version(void)
{
	return syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
}

bool confine_files_possible(void)
{
	return version() > 0;
}

/* Every right that this kernel's Landlock knows is taken: the more, the newer it is. */
static uint64_t all_rights(void)
{
	long v = version();
	unsigned bits = v >= 5 ? 16 : v >= 3 ? 15 : v == 2 ? 14 : 13;

	return (1ull << bits) - 1;
}

/* What is not there needs no rule. */
static void allow(int ruleset, const char *path)
{
	struct rule r = { .allowed = READ_FILE };
	struct stat st;

	r.parent = open(path, O_PATH | O_CLOEXEC);
	if (r.parent < 0)
		return;
	if (fstat(r.parent, &st) == 0 && S_ISDIR(st.st_mode))
		r.allowed |= READ_DIR;
	syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &r, 0);
	close(r.parent);
}

static void allow_str(int ruleset, struct str path)
{
	char z[4096];

	path = str_trim(path);
	if (path.len == 0 || path.len >= sizeof z)
		return;
	memcpy(z, path.ptr, path.len);
	z[path.len] = '\0';
	allow(ruleset, z);
}

/* Where the environment says that certificates are. */
static void allow_env(int ruleset)
{
	static const char *const names[] = { "SSL_CERT_FILE", "SSL_CERT_DIR",
		"CURL_CA_BUNDLE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "TZDIR" };
	const char *home = getenv("HOME");
	char path[4096];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		allow_str(ruleset, str_of(getenv(names[i])));
	if (home && snprintf(path, sizeof path, "%s/.postgresql", home) < (int)sizeof path)
		allow(ruleset, path);
}

/* Cuts the last name off. */
static void to_folder(char *path)
{
	char *end = strrchr(path, '/');

	if (end)
		*end = '\0';
}

static bool is_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* A rule is for the file that is there now. Who writes it anew and puts it in its place
 * mostly does so in a folder made for that, to which a link leads: then it is for the
 * folder. That cannot be said of /etc, nor of a folder right below the root. */
static void allow_resolver(int ruleset, const char *file)
{
	char real[PATH_MAX], folder[PATH_MAX];

	allow(ruleset, file);
	if (!realpath(file, real) ||
		snprintf(folder, sizeof folder, "%s", file) >= (int)sizeof folder)
		return;
	to_folder(real);
	to_folder(folder);
	if (strchr(real + 1, '/') && !is_same(real, folder))
		allow(ruleset, real);
}

bool confine_files(const char *resolver, const char *more)
{
	struct ruleset all = { all_rights() };
	int ruleset = (int)syscall(CREATE_RULESET, &all, sizeof all, 0);
	struct str rest = str_of(more), one;
	bool ok;

	if (ruleset < 0)
		return false;
	for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
		allow(ruleset, readable[i]);
	allow_resolver(ruleset, resolver);
	allow_env(ruleset);
	while (str_cut(&rest, ',', &one))
		allow_str(ruleset, one);
	ok = syscall(RESTRICT_SELF, ruleset, 0) == 0;
	close(ruleset);
	return ok;
}
