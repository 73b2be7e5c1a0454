#!/usr/bin/env bash
# The gateway's table of routes and openapi.yaml name the same paths and methods, and agree on who may call.
# The YAML is kept regular for this: a path at two blanks, a method at four, its members at six.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

table() { # "post /auth/login public"
	sed -nE 's/^\t\{ HTTP_M_([A-Z]+), +"([^"]+)", +SERVICE_[A-Z]+, +ROUTE_([A-Z]+),.*/\1 \2 \3/p' gateway/main.c |
		awk '{ print tolower($1), $2, $3 == "USER" ? "token" : $3 == "TICKET" ? "ticket" : "open" }' | sort
}

described() {
	awk '
		function tell() { if (method) print method, path, who; method = "" }
		/^[a-z]/ { tell(); inside = /^paths:/ }
		!inside { next }
		/^  \// { tell(); path = $1; sub(/:$/, "", path) }
		/^    [a-z]+:/ { tell(); method = $1; sub(/:$/, "", method); who = "token" }
		/^      security: \[\]/ { who = "open" }
		/^        - ticket: \[\]/ { who = "ticket" }
		END { tell() }' gateway/openapi.yaml | sort
}

[ "$(table | wc -l)" -gt 13 ] || { echo "gateway/main.c: no routes table found"; exit 1; }
diff <(table) <(described) | sed -nE 's/^< (.*)/only in gateway\/main.c: \1/p; s/^> (.*)/only in gateway\/openapi.yaml: \1/p' | grep . && exit 1
exit 0
