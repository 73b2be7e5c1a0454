#!/usr/bin/env bash
# deps.sh PURPOSE...: what Castor needs from Debian's archive is there afterwards.
#
# Purposes: run, test (what run needs, too), bench, chaos, parsers, lint, fuzz, compose, debootstrap. Says what it
# installs, as root or by sudo; asks only on a terminal. Leaves no service running and no package source
# behind. `deps.sh mirror` prints the mirror of Debian that this machine uses.
set -euo pipefail

# purpose, package, how to see that it is there: cmd:NAME on the PATH, lib:NAME known to pkg-config, or
# file:GLOB. What is there from elsewhere is good enough.
needs() {
	cat <<-'END'
	run      ca-certificates          file:/etc/ssl/certs/ca-certificates.crt
	run      make                     cmd:make
	run      gcc                      cmd:gcc
	run      libc6-dev                file:/usr/include/stdlib.h
	run      pkg-config               cmd:pkg-config
	run      libuv1-dev               lib:libuv
	run      libllhttp-dev            lib:libllhttp
	run      libhiredis-dev           lib:hiredis
	run      libyajl-dev              lib:yajl
	run      libcurl4-openssl-dev     lib:libcurl
	run      libssl-dev               lib:openssl
	run      libpq-dev                lib:libpq
	run      postgresql               file:/usr/lib/postgresql/*/bin/postgres
	run      redis-server             cmd:redis-server
	run      curl                     cmd:curl
	test     nodejs                   cmd:node
	test     npm                      cmd:npm
	test     chromium                 cmd:chromium
	test     openssl                  cmd:openssl
	test     sslscan                  cmd:sslscan
	bench    wrk                      cmd:wrk
	bench    nginx-light              cmd:nginx
	bench    libnginx-mod-http-js     file:/usr/lib/nginx/modules/ngx_http_js_module.so
	bench    haproxy                  cmd:haproxy
	chaos    strace                   cmd:strace
	chaos    slowhttptest             cmd:slowhttptest
	parsers  nodejs                   cmd:node
	parsers  nginx-light              cmd:nginx
	parsers  haproxy                  cmd:haproxy
	parsers  apache2-bin              cmd:apache2
	lint     gcc                      cmd:gcc
	lint     clang                    cmd:clang
	lint     clang-format             cmd:clang-format
	lint     shellcheck               cmd:shellcheck
	lint     binutils                 cmd:readelf
	fuzz     clang                    cmd:clang
	fuzz     llvm                     file:/usr/lib/llvm-*/bin/llvm-cov
	fuzz     nodejs                   cmd:node
	fuzz     libclang-rt-dev          file:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*
	compose  docker.io                cmd:dockerd
	compose  docker-cli               cmd:docker
	compose  docker-compose           cmd:docker-compose
	compose  debootstrap              cmd:debootstrap
	debootstrap  debootstrap          cmd:debootstrap
	compose  iptables                 cmd:iptables
	compose  curl                     cmd:curl
	END
}

say() { printf 'castor: %s\n' "$*" >&2; }

is_there() { # CHECK
	local found
	case $1 in
	cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "${1#cmd:}" >/dev/null ;;
	lib:*) pkg-config --exists "${1#lib:}" 2>/dev/null ;;
	file:*) found=$(compgen -G "${1#file:}") && [ -n "$found" ] ;;
	esac
}

# The packages that are missing for the purposes given, one a line.
missing() {
	local purpose package check
	while read -r purpose package check; do
		case " $* " in *" $purpose "*) ;; *) continue ;; esac
		is_there "$check" || echo "$package"
	done < <(needs) | sort -u
}

as_root() { # command...
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt() { # apt-get arguments...
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

# Does the archive, as this machine knows it, have the package to install?
has_candidate() {
	local policy
	policy=$(LC_ALL=C apt-cache policy "$1")
	[[ $policy == *$'\n'"  Candidate: "[^\(]* ]]
}

# Debian's mirror that this machine uses already: another one may be out of its reach.
mirror() {
	local uri
	# shellcheck disable=SC2016 # apt's own variable
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
		'Component: main' 2>/dev/null | sed -n '\,^https\?:.*/debian/\?$,{p;q;}') || :
	echo "${uri:-http://deb.debian.org/debian}"
}

# Debian 12 lacks llhttp. Debian 13's package asks for the C library alone, so it serves; it is fetched
# beside the system's sources, which stay as they are, and checked by Debian's own keys.
install_llhttp_from_debian_13() {
	local dir=$1
	say "fetching libllhttp from Debian 13's archive"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/debs"
	chmod 755 "$dir"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' \
		"$(mirror)" >"$dir/trixie.list"
	local apart=(-o "Dir::Etc::SourceList=$dir/trixie.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache"
		-o APT::Sandbox::User=root -o APT::Get::AllowUnauthenticated=false)
	apt "${apart[@]}" update
	# libllhttp-dev names the run-time package of the very same version.
	local runtime
	runtime=$(apt-cache "${apart[@]}" depends libllhttp-dev/trixie |
		sed -n 's/^ *Depends: \(libllhttp[0-9.]*\)$/\1/p')
	(cd "$dir/debs" && apt "${apart[@]}" download "libllhttp-dev/trixie" "$runtime/trixie")
	as_root dpkg -i "$dir"/debs/*.deb >/dev/null
}

# Postgres and Redis are wanted as programs: no cluster of the system's own, nothing started, neither
# now nor at the next boot.
keep_services_still() { # PACKAGE...
	local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d
	if [ ! -e $policy ]; then
		UNDO+=("rm -f $policy")
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	case " $* " in *" redis-server "*)
		UNDO+=("update-rc.d redis-server disable") ;;
	esac
	case " $* " in *" docker.io "*)
		UNDO+=("update-rc.d docker disable" "systemctl disable docker.socket containerd.service") ;;
	esac
	case " $* " in *" postgresql "*)
		UNDO+=("rm -f $clusters/castor.conf")
		as_root mkdir -p $clusters
		echo 'create_main_cluster = false' | as_root tee $clusters/castor.conf >/dev/null ;;
	esac
}

UNDO=()
SCRATCH=
finish() {
	local line
	for line in "${UNDO[@]}"; do
		# shellcheck disable=SC2086 # our own lines of plain words
		as_root $line >/dev/null 2>&1 || :
	done
	[ -z "$SCRATCH" ] || as_root rm -rf "$SCRATCH"
}

ask_once() {
	local answer
	[ -t 0 ] && [ -t 2 ] || return 0
	read -r -p "castor: install them now? [Y/n] " answer
	case $answer in '' | [Yy]*) ;; *) exit 1 ;; esac
}

# Packages have much to say while they are set up; it is heard when something goes wrong.
install_quietly() { # PACKAGE...
	apt install --no-install-recommends "$@" >"$SCRATCH/log" 2>&1
}

install() { # PACKAGE...
	local wanted=() package llhttp_apart=
	SCRATCH=$(mktemp -d)
	trap finish EXIT
	for package; do
		has_candidate "$package" && continue
		say "reading the package lists"
		apt update || say "some package lists could not be read; going on with the others"
		break
	done
	for package; do
		if has_candidate "$package"; then
			wanted+=("$package")
		elif [ "$package" = libllhttp-dev ]; then
			llhttp_apart=yes
		elif [ "$package" != docker-cli ]; then # Debian 12 has it within docker.io
			say "this system's archive has no package $package"
			exit 1
		fi
	done
	keep_services_still "${wanted[@]}"
	if [ ${#wanted[@]} != 0 ] && ! install_quietly "${wanted[@]}"; then
		say "once more with fresh package lists"
		apt update || :
		install_quietly "${wanted[@]}" || {
			cat "$SCRATCH/log" >&2
			exit 1
		}
	fi
	[ -z "$llhttp_apart" ] || install_llhttp_from_debian_13 "$SCRATCH"
}

main() {
	local purposes=" $* " packages
	[ "${1:-}" != mirror ] || { mirror; exit; }
	[ $# != 0 ] || { say "usage: deps.sh run|test|bench|chaos|lint|fuzz|compose..."; exit 2; }
	case $purposes in *" test "*) purposes+="run " ;; esac
	# shellcheck disable=SC2086 # words on purpose
	packages=$(missing "$purposes" | tr '\n' ' ')
	[ -n "$packages" ] || return 0

	say "missing: $packages"
	if ! command -v apt-get >/dev/null; then
		say "this is not Debian: please install them (or their like) yourself"
		exit 1
	fi
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		say "neither root nor sudo: please have them installed (libllhttp-dev is in Debian 13)"
		exit 1
	fi
	ask_once
	say "installing (about a minute)"
	# shellcheck disable=SC2086 # words on purpose
	install $packages
	packages=$(missing "$purposes" | tr '\n' ' ')
	if [ -n "$packages" ]; then
		say "still missing after the installation: $packages"
		exit 1
	fi
	say "installed"
}

main "$@"
