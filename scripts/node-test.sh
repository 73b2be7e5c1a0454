#!/usr/bin/env bash
# node-test.sh FILE...: node's test runner, with totals in the words of ours: "N passed, N failed". Of
# tests that pass only their names are told.
set -uo pipefail
# The stack listens on IPv4; node 18 (Debian 12) tries the first address of "localhost" alone.
export NODE_OPTIONS="${NODE_OPTIONS:-} --dns-result-order=ipv4first"
node --test --test-reporter=tap "$@" | awk '
	/^# (Subtest|duration_ms|todo|suites|tests)/ || /^TAP version/ || /^ *1\.\.[0-9]+$/ { next }
	/^# pass / { passed = $3; next }
	/^# (fail|cancelled) / { failed += $3; next }
	/^# skipped / { if ($3) print "skipped: " $3; next }
	/^ *ok / { quiet = 1; sub(/^ *ok [0-9]+ - /, "ok "); print; next }
	/^ *not ok / { quiet = 0 }
	/^ *---$/ && quiet { block = 1 }
	!block { print }
	/^ *\.\.\.$/ { block = 0 }
	END { if (passed == "") exit 1; print passed + 0 " passed, " failed + 0 " failed" }'
