#!/usr/bin/env bash
# fuzz.sh: every fuzz target in BUILD for FUZZ_SECONDS (60) each, or those with ONLY in their names; the last line is "N passed, N failed".
#
# A target says of which files it must reach nine lines of ten: `// covers: libs/common/http/head.c`.
# Seeds: tests/fuzz/corpus/NAME, and the requests and answers of tests/e2e/data; dictionary: tests/fuzz/NAME.dict. What was learned stays in BUILD/corpus;
# an input that crashes stays in BUILD/crashes and belongs into the seeds once the bug is mended.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build-fuzz}
SECONDS_EACH=${FUZZ_SECONDS:-60}
LINES_LEAST=90 # percent
passed=0 failed=0
# The tools that speak of coverage stand beside the compiler, and must be of its version.
TOOLS=$(dirname "$(readlink -f "$(command -v clang)")")
rm -rf "$BUILD/profiles"
mkdir -p "$BUILD/crashes" "$BUILD/profiles"
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
	LLVM_PROFILE_FILE=$BUILD/profiles/$name.raw "$BUILD/fuzz/$name" "${options[@]}" "$@" >"$BUILD/crashes/$name.log" 2>&1
}

ran=() sources=()
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" .c)
	[[ $name == *${ONLY:-}* ]] || continue
	sources+=("$source")
	ran+=(-object "$BUILD/fuzz/$name")
	if fuzz_one "$name"; then
		passed=$((passed + 1))
		printf 'ok    fuzz/%-26s %s inputs\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$BUILD/crashes/$name.log")"
	else
		failed=$((failed + 1))
		printf 'FAIL  fuzz/%s\n%s\n' "$name" "$(tail -n 40 "$BUILD/crashes/$name.log" | sed 's/^/      /')"
	fi
done

reached() { # FILE: percent of its lines
	"$TOOLS/llvm-cov" report "${ran[@]:1}" -instr-profile="$BUILD/profiles/all" "$1" 2>/dev/null |
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
[ $failed = 0 ]
