#!/usr/bin/env bash
# node-test.sh FILE...: node's test runner, with totals in the words of ours: "N passed, N failed".
set -uo pipefail
node --test --test-reporter=tap "$@" | awk '
	/^# (Subtest|duration_ms|todo|suites|tests)/ { next }
	/^# pass / { passed = $3; next }
	/^# (fail|cancelled) / { failed += $3; next }
	/^# skipped / { if ($3) print "skipped: " $3; next }
	/^ *ok / { next }
	{ print }
	END { if (passed == "") exit 1; print passed " passed, " failed + 0 " failed" }'
