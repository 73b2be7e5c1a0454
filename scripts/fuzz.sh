#!/usr/bin/env bash
# fuzz.sh: every fuzz target in BUILD for FUZZ_SECONDS (60) each; the last line is "N passed, N failed".
#
# Seeds: tests/fuzz/corpus/NAME, and the requests and answers of tests/e2e/data; dictionary: tests/fuzz/NAME.dict. What was learned stays in BUILD/corpus;
# an input that crashes stays in BUILD/crashes and belongs into the seeds once the bug is mended.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build-fuzz}
SECONDS_EACH=${FUZZ_SECONDS:-60}
passed=0 failed=0
mkdir -p "$BUILD/crashes"
node tests/fuzz/seeds.mjs "$BUILD/seeds"

fuzz_one() { # NAME
	local name=$1 learned=$BUILD/corpus/$1 options
	mkdir -p "$learned"
	options=(-max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
		-artifact_prefix="$BUILD/crashes/$name-")
	[ ! -e "tests/fuzz/$name.dict" ] || options+=("-dict=tests/fuzz/$name.dict")
	set -- "$learned"
	[ ! -d "tests/fuzz/corpus/$name" ] || set -- "$learned" "tests/fuzz/corpus/$name"
	[ ! -d "$BUILD/seeds/$name" ] || set -- "$@" "$BUILD/seeds/$name"
	"$BUILD/fuzz/$name" "${options[@]}" "$@" >"$BUILD/crashes/$name.log" 2>&1
}

for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" .c)
	if fuzz_one "$name"; then
		passed=$((passed + 1))
		printf 'ok    fuzz/%-26s %s inputs\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/crashes/$name.log")"
	else
		failed=$((failed + 1))
		printf 'FAIL  fuzz/%s\n%s\n' "$name" "$(tail -n 40 "$BUILD/crashes/$name.log" | sed 's/^/      /')"
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
