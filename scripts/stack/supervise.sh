# supervise.sh - processes: started apart, watched, started again with back-off, stopped in order.
#
# A child leads a session of its own, so that Ctrl-C reaches the supervisor alone, and gets its ending
# signal from the kernel should the supervisor itself be killed. RUN_DIR/pid/NAME holds "pid start-time":
# a number that was given to another program since is not taken for ours.
# shellcheck shell=bash disable=SC2154,SC2034 # RUN_DIR, BIN and the lists come from settings.sh

# How long a process has to end in good order: its drain, and something more.
grace_ms() { REPLY=$((${DRAIN_DELAY_MS:-0} + ${DRAIN_GRACE_MS:-10000} + 5000)); }

declare -A PID_OF NAME_OF STARTED_MS DELAY_MS
ORDER=() # names in the order they were started

exec {NAP_FD}<> <(:) # a pipe nobody writes to: sleeping without a process
nap() { read -rt "$1" -u "$NAP_FD" || :; } # SECONDS
now_ms() { REPLY=$((${EPOCHREALTIME/[.,]/} / 1000)); }

start_time_of() { # PID: sets REPLY, empty if there is no such process
	local stat=''
	REPLY=''
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	local fields
	read -ra fields <<<"${stat##*) }" # from the third, the state; the 22nd is the start time
	[ "${fields[0]}" = Z ] || REPLY=${fields[19]}
}

# The process that RUN_DIR/pid/NAME names, if it still runs. Sets REPLY to its pid, else to nothing.
recorded_pid() { # NAME
	local pid='' start=''
	REPLY=''
	{ read -r pid start <"$RUN_DIR/pid/$1"; } 2>/dev/null || return 0
	start_time_of "$pid"
	[ -n "$REPLY" ] && [ "$REPLY" = "$start" ] && REPLY=$pid || REPLY=''
}

record_pid() { # NAME PID
	start_time_of "$2"
	echo "$2 $REPLY" >"$RUN_DIR/pid/$1"
}

# How a process is started: sets ENV, ARGV, END_BY (the signal that ends it in good order) and AS (the
# command that makes it another user's, if need be).
command_of() { # NAME
	AS=()
	case $1 in
	postgres) pg_command ;;
	redis) redis_command ;;
	*)
		process_env "$1"
		ARGV=("$BIN/$1")
		END_BY=TERM
		;;
	esac
}

launch() { # NAME
	local name=$1 ENV ARGV AS END_BY
	command_of "$name"
	# In this order: the kernel forgets the signal when the user changes. 3 is what `up` waits on.
	env -i "${ENV[@]}" setsid "${AS[@]}" setpriv --pdeathsig "$END_BY" -- "${ARGV[@]}" \
		</dev/null >>"$RUN_DIR/log/$name.log" 2>&1 {LOCK_FD}>&- {NAP_FD}>&- 3>&- &
	PID_OF[$name]=$!
	NAME_OF[$!]=$name
	record_pid "$name" $!
	now_ms
	STARTED_MS[$name]=$REPLY
	case " ${ORDER[*]} " in *" $name "*) ;; *) ORDER+=("$name") ;; esac
}

is_running() { # NAME
	[ -n "${PID_OF[$1]:-}" ] && start_time_of "${PID_OF[$1]}" && [ -n "$REPLY" ]
}

is_ready() { # NAME
	case $1 in
	postgres) "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "${PORT_OF[postgres]}" ;;
	redis) (: <"/dev/tcp/127.0.0.1/${PORT_OF[redis]}") ;;
	*) env -i "ADMIN_LISTEN=127.0.0.1:${PORT_OF[$1-admin]}" "$BIN/$1" health ;;
	esac >/dev/null 2>&1
}

last_words() { # NAME
	tail -n 8 "$RUN_DIR/log/$1.log" | sed 's/^/    /' >&2
}

how_it_ended() { # STATUS: sets REPLY
	REPLY="exit code $1"
	[ "$1" -le 128 ] || REPLY="SIG$(kill -l $(($1 - 128)))"
}

wait_ready() { # NAME...
	local name until status
	now_ms
	until=$((REPLY + 60000))
	for name; do
		until is_ready "$name"; do
			if ! is_running "$name"; then
				{ wait "${PID_OF[$name]}" && status=0 || status=$?; } 2>/dev/null
				how_it_ended "$status"
				say "$name ended while starting ($REPLY); its log ($RUN_DIR/log/$name.log) ends with" >&2
				last_words "$name"
				exit 1
			fi
			now_ms
			if [ "$REPLY" -gt $until ]; then
				say "$name is not ready after 60 s; its log ends with" >&2
				last_words "$name"
				exit 1
			fi
			nap 0.02
		done
	done
}

# A process has ended that should not have: it comes back, each time a little later.
on_death() { # NAME STATUS
	local name=$1 delay_ms=${DELAY_MS[$1]:-200} how
	how_it_ended "$2"
	how=$REPLY
	now_ms
	[ $((REPLY - STARTED_MS[$name])) -lt 10000 ] || delay_ms=200
	DELAY_MS[$name]=$((delay_ms * 2 < 5000 ? delay_ms * 2 : 5000))
	PID_OF[$name]=''
	say "$name died ($how); again in $((delay_ms / 1000)).$((delay_ms % 1000 / 100)) s; log: $RUN_DIR/log/$name.log"
	sleep $((delay_ms / 1000)).$((delay_ms % 1000 / 100)) {LOCK_FD}>&- &
	NAME_OF[$!]=again:$name
}

watch() {
	local pid status name
	while :; do
		status=0
		# The shell's own words about a child that was killed go nowhere: on_death says it better.
		{ wait -n -p pid "${!NAME_OF[@]}" || status=$?; } 2>/dev/null
		[ -n "${pid:-}" ] || continue
		name=${NAME_OF[$pid]}
		unset "NAME_OF[$pid]"
		case $name in
		again:*)
			launch "${name#again:}"
			say "${name#again:} was started again"
			;;
		*) on_death "$name" "$status" ;;
		esac
	done
}

# Ends a process and waits for it: first with good manners, at the end without.
end_process() { # NAME PID
	local name=$1 pid=$2 start end_by=TERM until grace_ms
	start_time_of "$pid"
	start=$REPLY
	[ -n "$start" ] || return 0
	[ "$name" != postgres ] || end_by=INT
	kill -s $end_by "$pid" 2>/dev/null || :
	grace_ms
	grace_ms=$REPLY
	now_ms
	until=$((REPLY + grace_ms))
	while start_time_of "$pid" && [ "$REPLY" = "$start" ]; do
		now_ms
		if [ -n "${HURRY:-}" ] || [ "$REPLY" -gt $until ]; then
			# Postgres's own emergency stop; it takes its children along.
			if [ "$name" = postgres ]; then end_by=QUIT; else end_by=KILL; fi
			kill -s $end_by "$pid" 2>/dev/null || :
			HURRY='' until=$((until + grace_ms))
		fi
		nap 0.02
	done
}

# Backwards, so that nobody loses what it still needs. Sets UNCLEAN if a process ended otherwise than
# well: it had to be killed, or a sanitizer found a leak.
stop_all() {
	local i name pid status
	for pid in "${!NAME_OF[@]}"; do
		[[ ${NAME_OF[$pid]} != again:* ]] || kill "$pid" 2>/dev/null || :
	done
	for ((i = ${#ORDER[@]} - 1; i >= 0; i--)); do
		name=${ORDER[i]}
		pid=${PID_OF[$name]:-}
		if [ -n "$pid" ]; then
			end_process "$name" "$pid"
			{ wait "$pid" && status=0 || status=$?; } 2>/dev/null
			if [ $status != 0 ]; then
				how_it_ended $status
				say "$name did not end well ($REPLY); log: $RUN_DIR/log/$name.log"
				UNCLEAN=yes
			fi
		fi
		rm -f "$RUN_DIR/pid/$name"
	done
}

# What a run that was killed may have left behind.
end_leftovers() {
	local name
	for name in gateway ai-worker billing chat auth fake-stripe fake-gemini redis postgres; do
		recorded_pid "$name"
		if [ -n "$REPLY" ]; then
			say "stopping $name, left by an earlier run"
			end_process "$name" "$REPLY"
		fi
		rm -f "$RUN_DIR/pid/$name"
	done
}
