#!/usr/bin/env bash
# stack.sh run|up|down|reset|status|logs: the whole system on this machine, under RUN_DIR (default .run).
#
#   run     in the foreground until Ctrl-C        up, down  in the background, and the end of it
#   status  which part runs, and is it ready      logs      follow the logs (NAME: one of them)
#   reset   down, and all data are forgotten
#
# Settings: PORT (8000; 0: any free one), RUN_DIR, BUILD, ENV_FILE (.env), and every setting of the
# processes. With DATABASE_URL or REDIS_URL set, that server is used in place of a private one.
# STACK_WITHOUT names processes that are not started: somebody else runs them (tests/chaos).
# RUN_DIR/stack.env says where everything is, for tests.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$HERE/.."
RUN_DIR=${RUN_DIR:-.run}
BIN=${BUILD:-build}/bin
[[ $BIN == /* ]] || BIN=$PWD/$BIN
. "$HERE/stack/settings.sh"
. "$HERE/stack/stores.sh"
. "$HERE/stack/supervise.sh"

enter_run_dir() {
	if [ ! -d "$RUN_DIR" ]; then
		# Others may pass: Postgres runs as a user of its own. What is inside says who may read it.
		mkdir -p "$RUN_DIR" || die "cannot make RUN_DIR $RUN_DIR"
		chmod 711 "$RUN_DIR"
	fi
	umask 077
	RUN_DIR=$(cd "$RUN_DIR" && pwd -P)
	mkdir -p "$RUN_DIR/log" "$RUN_DIR/pid"
}

# At most one supervisor per RUN_DIR; the lock goes with it, however it ends.
take_lock() {
	exec {LOCK_FD}>"$RUN_DIR/lock"
	flock -n "$LOCK_FD"
}

keep_previous_logs() {
	local log
	for log in "$RUN_DIR"/log/*.log; do
		[ ! -s "$log" ] || [[ $log == */stack.log ]] || mv "$log" "$log.old"
	done
}

start_stores() {
	local stores=()
	if [ -n "$PRIVATE_REDIS" ]; then
		redis_prepare
		launch redis
		stores+=(redis)
	fi
	if [ -n "$PRIVATE_POSTGRES" ]; then
		pg_prepare
		launch postgres
		stores+=(postgres)
	fi
	wait_ready "${stores[@]}"
}

# Each service brings its own schema up to date and learns its role's password, as the owner.
migrate_all() {
	local name
	for name in "${SERVICES[@]}"; do
		secret "db-$name"
		env -i "PATH=$PATH" "DATABASE_URL=$DATABASE_URL" "ROLE_PASSWORD=$REPLY" \
			"$BIN/$name" migrate >>"$RUN_DIR/log/migrate.log" 2>&1 && continue
		say "$name migrate failed; $RUN_DIR/log/migrate.log ends with" >&2
		last_words migrate
		exit 1
	done
}

start_all() {
	local name
	now_ms
	local began_ms=$REPLY
	end_leftovers
	keep_previous_logs
	prepare_settings
	for name in "${RUNNING[@]}"; do
		[ -x "$BIN/$name" ] || die "$BIN/$name is missing: make all builds it"
	done
	say "starting ${PRIVATE_POSTGRES:+Postgres, }${PRIVATE_REDIS:+Redis, }the processes (logs: $RUN_DIR/log)"
	for name in "${RUNNING[@]}"; do
		[[ $name != fake-* ]] || launch "$name"
	done
	start_stores
	migrate_all
	for name in "${RUNNING[@]}"; do
		[[ $name == fake-* ]] || launch "$name"
	done
	wait_ready "${RUNNING[@]}"
	write_stack_env
	now_ms
	TOOK=$((REPLY - began_ms))
}

print_where_to_go() {
	say "ready in $((TOOK / 1000)).$((TOOK % 1000 / 100)) s"
	echo "  API        http://localhost:$PORT          described in /openapi.yaml"
	if [ "${OTP_DELIVERY:-response}" = response ]; then
		echo "  a code     curl -s localhost:$PORT/auth/signup -H 'Content-Type: application/json' -d '{\"mobile\":\"8989898989\"}'"
		echo "             the answer holds it (OTP_DELIVERY=response)"
	fi
	if is_simulated fake-gemini; then
		echo "  Gemini     simulated; the real one: GEMINI_API_KEY in .env"
	fi
	if is_simulated fake-stripe; then
		echo "  Stripe     simulated: checkout_url of /subscribe/pro leads to a page with a Pay button"
	fi
	echo "  logs       $RUN_DIR/log/*.log        all addresses: $RUN_DIR/stack.env"
}

# JSON lines of the processes, as short lines for people.
show_logs() {
	local name files=()
	for name in "${RUNNING[@]}"; do
		files+=("$RUN_DIR/log/$name.log")
	done
	setsid setpriv --pdeathsig TERM -- tail -q -n 0 -F "${files[@]}" 2>/dev/null {LOCK_FD}>&- \
		> >("$HERE/stack/short-lines.sh" {LOCK_FD}>&-) &
	TAIL_PID=$!
}

on_exit() {
	local status=$?
	trap 'HURRY=yes' INT TERM HUP # asked twice: no more patience
	set +e
	[ -z "${TAIL_PID:-}" ] || kill "$TAIL_PID" 2>/dev/null
	[ ${#ORDER[@]} = 0 ] || say "stopping"
	stop_all
	[ -z "${UNCLEAN:-}" ] || status=1
	echo $status >"$RUN_DIR/status"
	rm -f "$RUN_DIR/pid/stack" "$RUN_DIR/stack.env"
	exit $status
}

supervise() { # foreground|background
	enter_run_dir
	take_lock || die "already running in $RUN_DIR (make status, make down)"
	trap on_exit EXIT
	trap 'exit 0' INT TERM HUP
	trap : PIPE # whoever read our words may leave (make up | head)
	record_pid stack $$
	rm -f "$RUN_DIR/status"
	load_env_file "${ENV_FILE:-.env}"
	start_all
	print_where_to_go 2>/dev/null || :
	if [ "$1" = foreground ]; then
		echo "  Ctrl-C stops everything"
		show_logs
	else
		echo ready >&3
		exec >"$RUN_DIR/log/stack.log" 2>&1 3>&-
	fi
	watch
}

up() {
	local ready=''
	enter_run_dir
	recorded_pid stack
	if [ -n "$REPLY" ] && [ -e "$RUN_DIR/stack.env" ]; then
		say "already up in $RUN_DIR"
		return 0
	fi
	trap 'down; exit 130' INT TERM
	# The supervisor holds descriptor 3 until everything is ready; then it writes to its log alone.
	exec {OUT}>&1
	read -r ready < <(exec setsid "$0" supervise-in-background 3>&1 >&"$OUT" {OUT}>&- </dev/null) || :
	[ -n "$ready" ] || exit 1
}

down() {
	local pid
	enter_run_dir
	recorded_pid stack
	pid=$REPLY
	if [ -z "$pid" ]; then
		end_leftovers
		say "nothing is up in $RUN_DIR"
		return 0
	fi
	kill -s TERM "$pid"
	while recorded_pid stack && [ "$REPLY" = "$pid" ]; do
		nap 0.02
	done
	if [ "$(cat "$RUN_DIR/status" 2>/dev/null)" != 0 ]; then
		tail -n 20 "$RUN_DIR/log/stack.log" >&2
		exit 1
	fi
	say "stopped"
}

reset() {
	(down) || :
	pg_prepare_user >/dev/null
	rm -rf --one-file-system "$PG_DATA" "$PG_DATA.new" "$RUN_DIR"
	say "forgot $RUN_DIR"
}

status() {
	local name state code=0
	enter_run_dir
	recorded_pid stack
	if [ -z "$REPLY" ] || [ ! -r "$RUN_DIR/stack.env" ]; then
		say "nothing is up in $RUN_DIR"
		return 1
	fi
	while IFS='=' read -r name port; do
		PORT_OF[$name]=$port
	done <"$RUN_DIR/ports"
	PG_BIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	for name in postgres redis "${PROCESSES[@]}"; do
		[ -e "$RUN_DIR/pid/$name" ] || continue
		recorded_pid "$name"
		state='not running'
		[ -z "$REPLY" ] || state='not ready'
		if [ -n "$REPLY" ] && is_ready "$name"; then state=ready; else code=1; fi
		printf '%-12s %-12s pid %-8s 127.0.0.1:%s\n' "$name" "$state" "${REPLY:--}" "${PORT_OF[$name]}"
	done
	return $code
}

case ${1:-} in
run) supervise foreground ;;
supervise-in-background) supervise background ;;
up) up ;;
down) down ;;
reset) reset ;;
status) status ;;
logs)
	enter_run_dir
	# shellcheck disable=SC2086 # a pattern of one star, when no name is given
	tail -n 20 -F "$RUN_DIR"/log/${2:-*}.log | "$HERE/stack/short-lines.sh"
	;;
*)
	sed -n '2,/^set/{s/^# \{0,1\}//p;}' "$0" >&2
	exit 2
	;;
esac
