#!/bin/sh
# Every benchmark, each beside a peer or a limit in the same run. OUT=docs/benchmarks.md keeps the tables.
set -eu
cd "$(dirname "$0")/../.."
exec node tests/bench/system.mjs
