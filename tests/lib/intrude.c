#include "tests/lib/intrude.h"

#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#ifdef __x86_64__

#define SYSCALL_CODE 0x050f /* of the instruction, two bytes long */
#define TEXT_BELOW   1024   /* its stack, and what a function may use below it */

static bool is_stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);
}

static bool stands_behind_a_call(struct intrusion *i)
{
	long code;

	if (ptrace(PTRACE_GETREGS, i->pid, NULL, &i->before) != 0)
		return false;
	code = ptrace(PTRACE_PEEKTEXT, i->pid, i->before.rip - 2, NULL);
	return (code & 0xffff) == SYSCALL_CODE;
}

bool intrude_begin(struct intrusion *i, pid_t pid)
{
	*i = (struct intrusion){ .pid = pid };
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0)
		return false;
	if (is_stopped(pid) && stands_behind_a_call(i))
		return true;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return false;
}

static void write_text(struct intrusion *i, unsigned long at, const char *text)
{
	size_t left = strlen(text) + 1;

	while (left > 0) {
		long word = 0;
		size_t n = left < sizeof word ? left : sizeof word;

		memcpy(&word, text, n);
		ptrace(PTRACE_POKEDATA, i->pid, at, word);
		at += sizeof word;
		text += n;
		left -= n;
	}
}

long intrude_call(struct intrusion *i, long call, const long arguments[5], int text_at,
	const char *text)
{
	struct user_regs_struct regs = i->before;
	unsigned long at = (regs.rsp - TEXT_BELOW) & ~7ul;
	unsigned long long *into[] = { &regs.rdi, &regs.rsi, &regs.rdx, &regs.r10,
		&regs.r8 };

	for (int n = 0; n < 5; n++)
		*into[n] = (unsigned long)arguments[n];
	if (text) {
		write_text(i, at, text);
		*into[text_at] = at;
	}
	regs.rip -= 2;
	regs.rax = (unsigned long)call;
	regs.orig_rax = (unsigned long)-1; /* the call that it was in is not begun anew */
	ptrace(PTRACE_SETREGS, i->pid, NULL, &regs);
	ptrace(PTRACE_SINGLESTEP, i->pid, NULL, NULL);
	if (!is_stopped(i->pid))
		return 0;
	ptrace(PTRACE_GETREGS, i->pid, NULL, &regs);
	return (long)regs.rax;
}

void intrude_end(struct intrusion *i)
{
	ptrace(PTRACE_SETREGS, i->pid, NULL, &i->before);
	ptrace(PTRACE_DETACH, i->pid, NULL, NULL);
}

#else

bool intrude_begin(struct intrusion *i, pid_t pid)
{
	*i = (struct intrusion){ .pid = pid };
	return false;
}

long intrude_call(struct intrusion *i, long call, const long arguments[5], int text_at,
	const char *text)
{
	(void)i, (void)call, (void)arguments, (void)text_at, (void)text;
	return 0;
}

void intrude_end(struct intrusion *i)
{
	(void)i;
}

#endif
