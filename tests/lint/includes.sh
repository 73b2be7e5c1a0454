#!/usr/bin/env bash
# Each library is named in one place, so that it can be replaced there. Tests may look behind.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
failed=0

only_in() { # PLACES HEADERS (patterns)
	local found
	found=$(git ls-files -co --exclude-standard -- '*.c' '*.h' | grep -vE "^tests/(unit|flow|lib|fuzz|bench)/|$1" |
		xargs grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)")
	if [ -n "$found" ]; then
		printf '%s\n      only %s may include that\n' "$found" "$1"
		failed=1
	fi
}

only_in '^libs/common/data/' 'libpq-fe\.h|libpq/|postgres_ext\.h|hiredis|async\.h|adapters/'
only_in '^libs/common/http/' 'curl/|llhttp\.h'
only_in '^libs/common/json/' 'yajl/'
only_in '^libs/common/' 'openssl/|uv\.h'

# libs/common knows no service.
git ls-files -co --exclude-standard -- 'libs/*.c' 'libs/*.h' | xargs grep -nE '#include "(services|gateway|tests)/' && failed=1
exit $failed
