#!/usr/bin/env bash
# debian13.sh: builds with Debian 13's compiler and libraries, warnings as errors, and runs the unit
# tests there, in a root of its own. The last line is "N passed, N failed". `debian13.sh root` only makes
# that root, with what has to be installed in it.
#
# The root is kept (${XDG_CACHE_HOME:-~/.cache}/castor/trixie), what was built in it, too. Where no root
# can be made (no root rights, no debootstrap) it says so and ends well: status 0, nothing passed.
set -euo pipefail
cd "$(dirname "$0")/.."
ROOT=${XDG_CACHE_HOME:-$HOME/.cache}/castor/trixie

skip() {
	echo "debian13: skipped: $1"
	echo "0 passed, 0 failed"
	exit 0
}

# A mount namespace of its own: what is mounted here goes with it, however it ends.
if [ "${IN_NAMESPACE:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	scripts/deps.sh debootstrap || skip "no debootstrap"
	IN_NAMESPACE=yes exec unshare -m "$0" "$@"
fi

if [ ! -e "$ROOT/etc/debian_version" ]; then
	base=$(scripts/debian-base.sh) || skip "no Debian 13 root could be made"
	mkdir -p "$ROOT"
	tar -C "$ROOT" -xf "$base"
fi
mount -t proc proc "$ROOT/proc" || skip "proc cannot be mounted"
mount --rbind /dev "$ROOT/dev"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"

# The tree as it is, with what git does not know yet; files keep their times, so that make sees what changed.
mkdir -p "$ROOT/src"
find "$ROOT/src" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
git ls-files -co --exclude-standard -z | tar -c --null --ignore-failed-read -T - | tar -C "$ROOT/src" -x

# shellcheck disable=SC2016 # expanded inside
chroot "$ROOT" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
	VERSION="$(git describe --always --dirty 2>/dev/null || echo unknown)" sh -euc '
	cd /src
	scripts/deps.sh run
	[ "$1" != root ] || exit 0
	make --no-print-directory -s -j"$(nproc)" WERROR=1 VERSION="$VERSION" all tests
	exec scripts/test.sh unit' debian13 "${1:-}"
