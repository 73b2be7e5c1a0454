#!/usr/bin/env bash
# The gateway changed under 500 keep-alive connections with load, 270 more by TLS, with half-sent bodies or
# with pipelined requests, and 100 streams: ten reloads, ten new programs, ten times SIGTERM beside a
# successor (and as many back). No request fails, none is reset.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CHANGES=${CHANGES:-10} CONNECTIONS=${CONNECTIONS:-500} STREAMS=${STREAMS:-100}
exec timeout 900 node --test tests/e2e/reload.test.mjs
