#!/usr/bin/env bash
# The tests that docs/http.md names exist: functions of C tests, fuzz targets, requests in the data.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
failed=0
missing() { # WHAT
	echo "docs/http.md: there is no $1"
	failed=1
}

functions=$(grep -rhoE '^TEST\([a-z0-9_]+' tests/unit tests/flow | cut -d'(' -f2
	basename -s .c tests/fuzz/*_fuzz.c
	echo intake_self_test)
while read -r name; do
	grep -qxF "$name" <<<"$functions" || missing "test $name"
done < <(grep -oP '\x60\K[a-z]+(_[a-z0-9]+)+(?=\x60)' docs/http.md | sort -u)

cases=$(cut -d'|' -f2- tests/e2e/data/http_requests.txt | sed 's/^ //; s/ => .*//')
while read -r name; do
	grep -qxF -- "$name" <<<"$cases" || missing "request \"$name\""
done < <(grep -oP '(?<= )"\K[^"|]+(?=")' docs/http.md | sort -u)
exit $failed
