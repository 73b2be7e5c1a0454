#!/usr/bin/env bash
# A file of more than 500 lines is more than one noun. A list of test cases may be twice that.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
git ls-files -co --exclude-standard -- '*.c' '*.h' '*.sh' '*.mjs' '*.sql' Makefile | xargs wc -l |
	awk '{ most = $2 ~ /_test\.c$/ ? 1000 : 500 }
		$2 != "total" && $1 > most { print $2 ": " $1 " lines"; bad = 1 }
		END { exit bad }'
