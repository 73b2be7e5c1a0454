#!/usr/bin/env bash
# fuzz.sh: every fuzz target in BUILD, as many at once as there are processors; the last line is
# "N passed, N failed".
#
# FUZZ_SECONDS (60) for those that read what comes to the gateway, FUZZ_OTHERS_SECONDS (as many) for the
# others. ONLY=pattern runs the targets whose name contains it. A target says of which files it must
# reach nine lines of ten: `// covers: libs/common/http/head.c`.
# Seeds: tests/fuzz/corpus/NAME, and the requests and answers of tests/e2e/data; dictionary:
# tests/fuzz/NAME.dict. What was learned stays in BUILD/corpus; an input that crashes stays in
# BUILD/crashes and belongs into the seeds once the bug is mended.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/jobs.sh
BUILD=${BUILD:-build-fuzz}
FUZZ_SECONDS=${FUZZ_SECONDS:-60}
GATEWAY="http_head_fuzz http_chunk_fuzz http_path_fuzz http_query_fuzz http_response_fuzz token_fuzz"
LINES_LEAST=90 # percent
TARGETS=() OTHERS=()
# The tools that speak of coverage stand beside the compiler, and must be of its version.
TOOLS=$(dirname "$(readlink -f "$(command -v clang)")")
rm -rf "$BUILD/profiles"
mkdir -p "$BUILD/crashes" "$BUILD/profiles"
rm -f "$BUILD"/crashes/*.passed
node tests/fuzz/seeds.mjs "$BUILD/seeds"

for name in $GATEWAY; do
	[ -e "tests/fuzz/$name.c" ] || { echo "fuzz.sh: there is no tests/fuzz/$name.c" >&2; exit 1; }
done
is_of_gateway() { [[ " $GATEWAY " == *" $1 "* ]]; } # NAME

fuzz() { # NAME
	local name=$1 learned=$BUILD/corpus/$1 seconds=$FUZZ_SECONDS options
	mkdir -p "$learned"
	is_of_gateway "$name" || seconds=${FUZZ_OTHERS_SECONDS:-$FUZZ_SECONDS}
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
		-artifact_prefix="$BUILD/crashes/$name-")
	[ ! -e "tests/fuzz/$name.dict" ] || options+=("-dict=tests/fuzz/$name.dict")
	set -- "$learned"
	[ ! -d "tests/fuzz/corpus/$name" ] || set -- "$learned" "tests/fuzz/corpus/$name"
	[ ! -d "$BUILD/seeds/$name" ] || set -- "$@" "$BUILD/seeds/$name"
	LLVM_PROFILE_FILE=$BUILD/profiles/$name.raw "$BUILD/fuzz/$name" "${options[@]}" "$@" >"$BUILD/crashes/$name.log" 2>&1
}

fuzz_one() { # NAME
	local log=$BUILD/crashes/$1.log began=$SECONDS
	if fuzz "$1"; then
		touch "$BUILD/crashes/$1.passed"
		printf 'ok    fuzz/%-26s %9s inputs %4d s\n' "$1" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" $((SECONDS - began))
	else
		printf 'FAIL  fuzz/%s\n%s\n' "$1" "$(tail -n 40 "$log" | sed 's/^/      /')"
	fi
}

# Long ones first, so that none is left alone at the end.
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" .c)
	[[ $name == *${ONLY:-}* ]] || continue
	if is_of_gateway "$name"; then TARGETS+=("$name"); else OTHERS+=("$name"); fi
done
TARGETS+=("${OTHERS[@]}")
for name in "${TARGETS[@]}"; do
	beside fuzz_one "$name"
done
all_ended
passed=$(find "$BUILD/crashes" -name '*.passed' | wc -l)
failed=$((${#TARGETS[@]} - passed))

# How much of the files that they are for was reached.
objects=() sources=()
for name in "${TARGETS[@]}"; do
	objects+=(-object "$BUILD/fuzz/$name")
	sources+=("tests/fuzz/$name.c")
done
reached() { # FILE: percent of its lines
	"$TOOLS/llvm-cov" report "${objects[@]:1}" -instr-profile="$BUILD/profiles/all" "$1" 2>/dev/null |
		awk '$1 == "TOTAL" { sub("%", "", $10); print $10 }'
}
"$TOOLS/llvm-profdata" merge -o "$BUILD/profiles/all" "$BUILD"/profiles/*.raw
while read -r file; do
	lines=$(reached "$file")
	if awk -v lines="$lines" -v least=$LINES_LEAST 'BEGIN { exit !(lines >= least) }'; then
		passed=$((passed + 1))
		printf 'ok    lines of %-46s %s %%\n' "$file" "$lines"
	else
		failed=$((failed + 1))
		printf 'FAIL  lines of %s: %s %%, not %s\n' "$file" "${lines:-none}" $LINES_LEAST
	fi
done < <(sed -n 's,^// covers: ,,p' "${sources[@]}" | sort -u)
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ "$passed" != 0 ]
