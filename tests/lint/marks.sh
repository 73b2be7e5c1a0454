#!/usr/bin/env bash
# Nothing unfinished, nothing that was built, and no place of the machine it was written on: neither its folders nor the host
# it fetched packages from (lock files are written with omit-lockfile-registry-resolved).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
failed=0
files() { git ls-files -co --exclude-standard -- . ':!tests/lint/marks.sh'; }
files | xargs -d '\n' grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' -- && failed=1
files | xargs -d '\n' grep -nIE '/(work|home|root|Users)/[a-z]|registry\.|artifactory|"resolved": *"http' -- && failed=1
git ls-files | grep -E '^build|(^|/)node_modules/|\.(o|a|d|deb)$' && failed=1
exit $failed
