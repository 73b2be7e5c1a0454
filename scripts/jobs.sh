# jobs.sh - as many commands at once as there are processors; sourced by test.sh and fuzz.sh.
# shellcheck shell=bash
JOBS=${JOBS:-$(nproc)}
RUNNING=0

# What it says comes in one piece, once it has ended.
say_at_end() { # COMMAND...
	local said
	said=$("$@") || :
	{
		flock 9
		printf '%s\n' "$said"
	} 9<"${BASH_SOURCE[0]}"
}

# Waits for room, not for the end; what came of it the command itself must leave somewhere.
beside() { # COMMAND...
	if [ $RUNNING -ge "$JOBS" ]; then
		wait -n || :
		RUNNING=$((RUNNING - 1))
	fi
	say_at_end "$@" &
	RUNNING=$((RUNNING + 1))
}

all_ended() {
	wait
	RUNNING=0
}
