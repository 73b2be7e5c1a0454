#!/usr/bin/env bash
# test.sh unit|flow|e2e|chaos...: runs what was built in BUILD; the last line is "N passed, N failed".
#
# Every test program says that line last itself. One that says it not, or ends otherwise than it said,
# has crashed, and counts as one failure more. ONLY=pattern runs the programs whose name contains it;
# SKIP="name name" leaves these journeys (e2e) out.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/jobs.sh
BUILD=${BUILD:-build}
LOGS=$BUILD/test
LIMIT_S=${LIMIT_S:-300} # of one program
mkdir -p "$LOGS"

# What this machine's user has set for a stack of theirs is no business of the tests.
for name in $(compgen -e); do
	case $name in
	PORT | RUN_DIR | LISTEN | *_LISTEN | *_URL | SECRET_KEY* | JWT_* | GEMINI_* | STRIPE_* | OTP_* | CASTOR_ENV | LOG_LEVEL)
		unset "$name" ;;
	esac
done
export ENV_FILE=/dev/null BUILD CASTOR_BUILD=$BUILD
# A leak is a failure, and where it came from is said.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# The totals of a log: sets PASSED and FAILED, both empty if it does not say.
read_totals() { # LOG
	PASSED='' FAILED=''
	if [[ $(tail -n 1 "$1") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		PASSED=${BASH_REMATCH[1]} FAILED=${BASH_REMATCH[2]}
	fi
}

# Runs one program and leaves "passed failed" in its .sum; speaks only at the end, in one piece.
run_one() { # NAME COMMAND...
	local name=$1 log=$LOGS/${1//\//-}.log began=$SECONDS status=0 note=''
	shift
	echo "0 1" >"$log.sum" # until it is known better
	timeout -k 10 "$LIMIT_S" "$@" >"$log" 2>&1 </dev/null || status=$?
	read_totals "$log"
	if [ -z "$PASSED" ]; then
		PASSED=$(grep -c '^ok ' "$log" || :)
		FAILED=$(($(grep -c '^FAIL ' "$log" || :) + 1))
		note=" (ended early, status $status)"
	elif [ $status != 0 ] && [ "$FAILED" = 0 ]; then
		FAILED=1
		note=" (its tests passed, but it ended with status $status)"
	fi
	echo "$PASSED $FAILED" >"$log.sum"
	if [ "$FAILED" = 0 ]; then
		printf 'ok    %-32s %4d %5d s\n' "$name" "$PASSED" $((SECONDS - began))
		sed -n 's/^note: /      not tried: /p' "$log"
	else
		printf 'FAIL  %-32s %4d of %d failed%s\n%s\n' "$name" "$FAILED" $((PASSED + FAILED)) "$note" \
			"$(grep -v '^ok ' "$log" | tail -n 60 | sed 's/^/      /')"
	fi
}

# Each has servers and directories of its own.
run_programs() { # unit|flow
	local program
	for program in "$BUILD/$1"/*_test; do
		[[ -x $program && -e tests/$1/${program##*/}.c && $program == *${ONLY:-}* ]] || continue
		beside run_one "$1/${program##*/}" "$program"
	done
	all_ended
}

install_node_modules() {
	local sum
	sum=$(sha256sum tests/e2e/package-lock.json)
	[ "$(cat tests/e2e/node_modules/.castor-lock 2>/dev/null)" = "$sum" ] && return 0
	echo "installing what the e2e tests need (npm)"
	(cd tests/e2e && npm ci --no-audit --no-fund --loglevel=error) || return 1
	echo "$sum" >tests/e2e/node_modules/.castor-lock
}

# Journeys wait more than they compute, and each has a stack of its own: there is always one more than
# there are processors. But for these, which keep the processors busy themselves: they come one by one
# when the others have ended.
ALONE="load reload"
# These take longest, and begin first.
LONG="kill tickets room_stream stream outage tls"

has() { [[ " $1 " == *" $2 "* ]]; } # WORDS WORD

# Of what ONLY and SKIP leave: TOGETHER, the long ones first, and APART.
choose_journeys() {
	local file name short=()
	TOGETHER=() APART=()
	for file in tests/e2e/*.test.mjs; do
		name=$(basename "$file" .test.mjs)
		[[ $name == *${ONLY:-}* ]] || continue
		if has "${SKIP:-}" "$name"; then
			continue
		elif has "$ALONE" "$name"; then
			APART+=("$name")
		elif has "$LONG" "$name"; then
			TOGETHER+=("$name")
		else
			short+=("$name")
		fi
	done
	TOGETHER+=("${short[@]}")
}

run_journey() { # NAME
	run_one "e2e/$1" scripts/node-test.sh "tests/e2e/$1.test.mjs"
}

# node's own runner; its totals are put into our words.
run_journeys() {
	local name JOBS=$((JOBS + 1))
	choose_journeys
	[ ${#TOGETHER[@]}${#APART[@]} != 00 ] || return 0
	if [ -e tests/e2e/package-lock.json ] && ! install_node_modules; then
		echo "FAIL  e2e: npm could not install what the tests need"
		echo "0 1" >"$LOGS/e2e-npm.sum"
		return 0
	fi
	for name in "${TOGETHER[@]}"; do
		beside run_journey "$name"
	done
	all_ended
	for name in "${APART[@]}"; do
		run_journey "$name"
	done
}

# Long, so it tells what it does while it does it; its totals stand in its last line.
run_chaos() {
	local log=$LOGS/chaos.log
	install_node_modules || return 1
	node tests/chaos/run.mjs 2>&1 </dev/null | tee "$log" || :
	read_totals "$log"
	echo "${PASSED:-0} ${FAILED:-1}" >"$log.sum"
}

began=$SECONDS
rm -f "$LOGS"/*.sum
for kind; do
	case $kind in
	unit | flow) run_programs "$kind" ;;
	e2e) run_journeys ;;
	chaos) run_chaos ;;
	*)
		echo "test.sh: what is \"$kind\"?" >&2
		exit 2
		;;
	esac
done
read -r passed failed < <(cat "$LOGS"/*.sum 2>/dev/null | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
echo "logs: $LOGS ($((SECONDS - began)) s)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
