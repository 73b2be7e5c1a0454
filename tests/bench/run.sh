#!/bin/sh
# Every benchmark, each beside a peer or a limit in the same run. OUT=FILE keeps the tables (docs/benchmarks.md holds them).
set -eu
cd "$(dirname "$0")/../.."
for bench in system gateway/bench gateway/tls gateway/overload; do
	node "tests/bench/$bench.mjs"
done
