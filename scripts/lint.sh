#!/usr/bin/env bash
# lint.sh: layout, warnings as errors with gcc and clang, and every rule in tests/lint.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
BUILD=${BUILD:-build}
failed=0

check() { # WHAT COMMAND...
	local what=$1 began=$SECONDS
	shift
	if "$@"; then
		printf 'ok    %-32s %3d s\n' "$what" $((SECONDS - began))
	else
		printf 'FAIL  %s\n' "$what"
		failed=1
	fi
}

# Releases of clang-format differ in what they find beautiful: Debian 12's is the measure.
check_format() {
	local version
	version=$(clang-format --version | grep -o 'version [0-9]*')
	if [ "$version" != "version 14" ]; then
		echo "      skipped: needs clang-format 14, this is $version"
		return 0
	fi
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format --dry-run --Werror
}

check_shell() {
	local scripts
	mapfile -t scripts < <(git ls-files -co --exclude-standard '*.sh' .ci/run)
	shellcheck -x "${scripts[@]}"
}

# gcc warns of what it sees while it optimises; clang has said all by then. CI runs its tests on what
# gcc has made here.
compile_with() { # CC ARGUMENT...
	make --no-print-directory -s -j"$(nproc)" "BUILD=$BUILD-lint-$1" "CC=$1" WERROR=1 "${@:2}"
}

check "format" check_format
check "shell" check_shell
for rule in tests/lint/*.sh; do
	check "$(basename "$rule" .sh)" "$rule"
done
check "gcc, no warning" compile_with gcc objects all tests
check "clang, no warning" compile_with clang CFLAGS=-O0 objects
exit $failed
