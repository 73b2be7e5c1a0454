#!/bin/sh
# Every benchmark, each beside a peer or a limit in the same run. OUT=FILE keeps the tables (docs/benchmarks.md holds them).
set -eu
cd "$(dirname "$0")/../.."
exec node tests/bench/system.mjs
