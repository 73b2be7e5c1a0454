#!/usr/bin/env bash
# debian-base.sh: makes a minimal Debian 13 from the archive, once; prints the path of its tar file.
#
# Kept under ${XDG_CACHE_HOME:-~/.cache}/castor and made anew after 30 days. Root only (debootstrap).
set -euo pipefail
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/castor
TAR=$CACHE/trixie-base.tar

[ "$(id -u)" = 0 ] || {
	echo "debian-base.sh: debootstrap needs root" >&2
	exit 1
}
mkdir -p "$CACHE"
if [ -z "$(find "$TAR" -mtime -30 2>/dev/null)" ]; then
	root=$(mktemp -d "$CACHE/base.XXXXXX")
	trap 'rm -rf "$root"' EXIT
	mirror=$("$(dirname "$0")/deps.sh" mirror)
	echo "making a Debian 13 root from $mirror (once, half a minute)" >&2
	debootstrap --variant=minbase trixie "$root" "$mirror" >"$CACHE/debootstrap.log" 2>&1 || {
		tail -n 5 "$CACHE/debootstrap.log" >&2
		exit 1
	}
	chmod 755 "$root" # mktemp made it private
	rm -rf "$root"/var/cache/apt/archives/*.deb
	tar -C "$root" --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* -cf "$TAR.new" .
	mv "$TAR.new" "$TAR"
fi
echo "$TAR"
