#!/usr/bin/env bash
# 4,000 slow clients at a time: heads, bodies, readers (slowhttptest), handshakes that never come. A client
# that behaves loses no request meanwhile, and its 99th percentile at most doubles.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec timeout 600 node tests/chaos/slow.mjs
