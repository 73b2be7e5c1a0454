#!/usr/bin/env bash
# coverage.sh: runs every test on the binaries in BUILD, built with --coverage; then which part of the
# lines and branches they reached, per folder.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build-cov}
find "$BUILD" -name '*.gcda' -delete
scripts/test.sh unit flow e2e || echo "not every test passed; the coverage of what ran:"

# gcov speaks of one file after the other: "File 'x'", "Lines executed:a% of n", "Branches executed:...".
find "$BUILD" -name '*.gcda' -exec gcov -n -b {} + 2>/dev/null | awk -v FS="[:%' ]+" '
	/^File / { file = $2 }
	/^Lines executed/ { at[file] = 1; lines[file] = $5; hit[file] = $3 * $5 / 100 }
	/^Branches executed/ { branches[file] = $5 }
	/^Taken at least once/ { taken[file] = $5 * $7 / 100 }
	END {
		for (f in at) {
			if (f !~ /^(libs|services|gateway)\// || f !~ /\.c$/)
				continue
			dir = f
			sub(/\/[^\/]*$/, "", dir)
			for (i = 0; i < 2; i++) {
				l[dir] += lines[f]; h[dir] += hit[f]; b[dir] += branches[f]; t[dir] += taken[f]
				dir = "total"
			}
		}
		for (d in l)
			printf "%-28s lines %5.1f%% of %6d   branches %5.1f%% of %6d\n", d,
				100 * h[d] / l[d], l[d], b[d] ? 100 * t[d] / b[d] : 100, b[d] | "sort"
	}'
