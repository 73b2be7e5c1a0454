#include "app/confine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/confine_calls.h"
#include "app/confine_files.h"
#include "base/log.h"

static const char resolver_file[] = "/etc/resolv.conf";

static bool is(const char *mode, const char *word)
{
	return !strcmp(mode, word);
}

static void harden(const char *mode)
{
	static const struct rlimit none;

	if (is(mode, "off"))
		return;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static unsigned denied(const char *mode)
{
	return is(mode, "log") ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | EPERM;
}

/* Without the flag, kernels before 5.16 slow the whole process down. */
static bool filter_calls(
	const char *mode, unsigned short (*write)(struct sock_filter *out, unsigned denied))
{
	struct sock_filter code[CONFINE_FILTER_MAX];
	struct sock_fprog program = { write(code, denied(mode)), code };

	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
}

static bool failed(const char *what)
{
	log_error("confine-failed", L_Z("what", what), L_Z("why", strerror(errno)));
	return false;
}

/* A program that was executed has its predecessor's filter: one is enough. */
static bool is_filtered(void)
{
	return syscall(__NR_personality, 0xffffffff) < 0; /* that only asks */
}

void confine_master(const char *mode)
{
	harden(mode);
	if (!is(mode, "off") && !is_filtered() && !filter_calls(mode, confine_filter_never))
		failed("the master's calls");
}

bool confine(const char *mode, const char *more)
{
	if (is(mode, "off"))
		return true;
	harden(mode);
	if (is(mode, "on") && !confine_files_possible())
		log_warn("confine-partly", L_Z("why", "there is no Landlock here"));
	else if (is(mode, "on") && !confine_files(resolver_file, more))
		return failed("files");
	return filter_calls(mode, confine_filter) || failed("calls");
}
