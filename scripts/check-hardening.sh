#!/usr/bin/env bash
# check-hardening.sh: are the release binaries in BUILD/bin what the Makefile's HARDEN flags promise?
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
failed=0

complain() {
	echo "FAIL  $1: $2"
	failed=1
}

check_binary() { # FILE
	local file=$1 header segments dynamic symbols
	header=$(readelf -hW "$file")
	segments=$(readelf -lW "$file")
	dynamic=$(readelf -dW "$file")
	symbols=$(readelf -sW "$file")
	[[ $header =~ Type:\ +DYN && $dynamic == *PIE* ]] || complain "$file" "not position-independent"
	[[ $segments == *GNU_RELRO* ]] || complain "$file" "no RELRO"
	[[ $dynamic == *BIND_NOW* || $dynamic == *"Flags: NOW"* ]] || complain "$file" "symbols are bound late"
	[[ $segments =~ GNU_STACK[^$'\n']*RW\  ]] || complain "$file" "the stack may be executed"
	[[ ! $segments =~ LOAD[^$'\n']*RWE ]] || complain "$file" "a segment is writable and executable"
	[[ $dynamic != *TEXTREL* ]] || complain "$file" "its code is written to when it is loaded"
	[[ $symbols == *__stack_chk_fail* ]] || complain "$file" "no stack protector"
	[[ $symbols =~ __[a-z]+_chk@ ]] || complain "$file" "no fortified functions"
	[[ $dynamic != *RPATH* && $dynamic != *RUNPATH* ]] || complain "$file" "a library path of its own"
}

checked=0
for file in "$BUILD"/bin/*; do
	check_binary "$file"
	checked=$((checked + 1))
done
[ $checked != 0 ] || complain "$BUILD/bin" "nothing is there"
[ $failed != 0 ] || echo "ok    hardening of $checked binaries"
exit $failed
