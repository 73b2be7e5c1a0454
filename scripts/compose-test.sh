#!/usr/bin/env bash
# compose-test.sh: docker-compose.yml brought up for real, walked through, scaled and taken down.
#
# Uses a Docker engine of its own (its images stay in ${XDG_CACHE_HOME:-~/.cache}/castor/docker for the
# next time) and asks no registry: Debian 13 comes from the archive, and postgres:17 and redis:8 are
# stood in for by images of Debian's packages (tests/compose). Root only. KEEP=yes leaves it up.
set -euo pipefail
cd "$(dirname "$0")/.."
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/castor
DIR=$CACHE/docker
WORK=$(mktemp -d)
: >"$WORK/env"
export DOCKER_HOST=unix://$WORK/docker.sock COMPOSE_PROJECT_NAME=castor-test COMPOSE_FILE=docker-compose.yml
export DOCKER_BUILDKIT=0 # the classic builder is in every release of Debian's engine
TARGETS=(setup migrate auth chat billing ai-worker gateway fake-gemini fake-stripe)
ENGINE=''

say() { printf 'compose-test: %s\n' "$*"; }

[ "$(id -u)" = 0 ] || {
	say "needs root, to run a Docker engine of its own"
	exit 1
}
compose() {
	if command -v docker-compose >/dev/null; then docker-compose "$@"; else docker compose "$@"; fi
}

finish() {
	local status=$?
	trap - EXIT INT TERM
	set +e
	if [ -n "$ENGINE" ] && [ "${KEEP:-}" = yes ]; then
		say "left up: DOCKER_HOST=$DOCKER_HOST, engine pid $ENGINE, port $PORT"
		exit $status
	fi
	if [ -n "$ENGINE" ]; then
		if [ $status != 0 ]; then
			compose logs --no-color --tail=20
			compose ps
			cat "$WORK"/*.log
			say "failed"
		fi
		compose down -v --remove-orphans -t 5 >/dev/null 2>&1
		kill "$ENGINE"
		wait "$ENGINE" 2>/dev/null
		umount "$WORK"/exec/netns/* 2>/dev/null # the engine leaves it mounted
	fi
	rm -rf --one-file-system "$WORK"
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# Apart from any other engine of this machine: folders, socket, and no bridge of its own.
start_engine() {
	mkdir -p "$DIR"
	dockerd --data-root "$DIR" --exec-root "$WORK/exec" --pidfile "$WORK/dockerd.pid" -H "$DOCKER_HOST" \
		--bridge=none >"$WORK/dockerd.log" 2>&1 &
	ENGINE=$!
	local i
	for ((i = 0; i < 100; i++)); do
		docker version >/dev/null 2>&1 && return 0
		kill -0 "$ENGINE" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 5 "$WORK/dockerd.log" >&2
	ENGINE=''
	say "the Docker engine did not start"
	exit 1
}

build() { # TAG ARGUMENTS...
	local tag=$1
	shift
	say "building $tag"
	docker build -q --network host -t "$tag" "$@" >"$WORK/build.log" 2>&1 || {
		tail -n 30 "$WORK/build.log" >&2
		exit 1
	}
}

build_images() {
	local target base
	if ! docker image inspect debian:trixie-slim >/dev/null 2>&1; then
		base=$(scripts/debian-base.sh)
		docker import "$base" debian:trixie-slim >/dev/null
	fi
	build postgres:17 tests/compose/postgres
	build redis:8 tests/compose/redis
	for target in "${TARGETS[@]}"; do
		build "castor-$target" -f deploy/Dockerfile --target "$target" \
			--build-arg "VERSION=$(git describe --always --dirty 2>/dev/null || echo unknown)" .
	done
	for target in auth chat billing ai-worker; do
		docker tag castor-migrate "castor-migrate-$target"
	done
}

wait_healthy() {
	local i
	for ((i = 0; i < 600; i++)); do
		curl -fsS -o /dev/null "http://127.0.0.1:$PORT/readyz" 2>/dev/null && return 0
		[[ $(docker inspect -f '{{.State.Health.Status}}' "$(compose ps -q gateway)" 2>/dev/null) != healthy ]] || return 0
		sleep 0.2
	done
	say "the gateway did not become healthy"
	exit 1
}

# What the images promise: nobody is root, and only auth can read the private key.
check_rights() {
	local name
	for name in gateway auth chat billing ai-worker fake-gemini fake-stripe; do
		[ "$(compose exec -T "$name" id -u)" -ge 10000 ] || {
			say "$name runs as root"
			exit 1
		}
		if compose exec -T "$name" cat /secrets/auth/jwt.key >/dev/null 2>&1; then
			[ "$name" = auth ] && continue
		else
			[ "$name" != auth ] && continue
		fi
		say "who may read the private key is wrong for $name"
		exit 1
	done
}

walk() {
	scripts/walk.sh "http://localhost:$PORT" >"$WORK/walk.log" 2>&1
	tail -n 1 "$WORK/walk.log"
}

free_port() {
	local port=$((20000 + RANDOM % 10000))
	while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	REPLY=$port
}

scripts/deps.sh compose
start_engine
build_images
# Late, so that nobody else takes them meanwhile.
free_port
export PORT=$REPLY
free_port
export FAKE_STRIPE_PORT=$REPLY
say "up"
began=$SECONDS
# The user's .env is for the user's stack.
compose --env-file "$WORK/env" up -d --no-build >"$WORK/up.log" 2>&1
wait_healthy
say "healthy after $((SECONDS - began)) s"
walk
check_rights
say "three copies of chat"
compose --env-file "$WORK/env" up -d --no-build --no-recreate --scale chat=3 >"$WORK/up.log" 2>&1
for i in 1 2 3; do
	walk
done
say "the second up finds everything as it is"
compose --env-file "$WORK/env" up -d --no-build --scale chat=3 >"$WORK/up.log" 2>&1
walk
say "passed"
