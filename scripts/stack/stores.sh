# stores.sh - the private Postgres and Redis, used when DATABASE_URL or REDIS_URL name no other.
# shellcheck shell=bash disable=SC2034 # what the commands set is read by launch

# Postgres refuses to run as root; then the packages' own user runs it.
pg_prepare_user() {
	PG_AS=()
	PG_DATA=$RUN_DIR/pg
	[ "$(id -u)" = 0 ] || return 0
	getent passwd postgres >/dev/null || die "Postgres needs the user \"postgres\" when root starts it"
	PG_AS=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
	[ -n "$(find "$RUN_DIR" -maxdepth 0 -perm -o+x)" ] || chmod o+x "$RUN_DIR"
	if ! "${PG_AS[@]}" test -x "$RUN_DIR"; then
		local hash
		hash=$(printf %s "$RUN_DIR" | sha256sum)
		PG_DATA=/var/tmp/castor-${hash:0:12}
		say "the user postgres cannot reach $RUN_DIR: the database is in $PG_DATA"
	fi
}

# The newest binaries, or those that made the data: another major version cannot read it.
pg_find_binaries() {
	local version
	if [ -e "$PG_DATA/PG_VERSION" ]; then
		version=$(<"$PG_DATA/PG_VERSION")
	else
		version=$(cd /usr/lib/postgresql 2>/dev/null && printf '%s\n' * | sort -n | tail -n 1)
	fi
	PG_BIN=/usr/lib/postgresql/$version/bin
	[ -x "$PG_BIN/postgres" ] ||
		die "no Postgres $version in $PG_BIN (the data in $PG_DATA is of that version; remove it to begin anew)"
}

# A cluster is made beside its place and moved there when it is whole.
pg_make_cluster() {
	local new=$PG_DATA.new
	say "making a database cluster (once)"
	rm -rf "$new"
	mkdir -m 700 "$new" || die "cannot make $new"
	[ ${#PG_AS[@]} = 0 ] || chown postgres: "$new"
	(
		cd /
		"${PG_AS[@]}" "$PG_BIN/initdb" -D "$new" -U castor -A trust -E UTF8 --locale=C.UTF-8 --no-sync
		secret db-owner
		# With -j a statement ends at a semicolon with an empty line after it.
		printf '%s;\n\n' "alter role castor password '$REPLY'" "create database castor" |
			"${PG_AS[@]}" "$PG_BIN/postgres" --single -j -c exit_on_error=on -D "$new" postgres
	) >>"$RUN_DIR/log/postgres.log" 2>&1 ||
		die "making the database cluster failed: see $RUN_DIR/log/postgres.log"
	# Written in place: the file stays its user's.
	echo 'host all all 127.0.0.1/32 scram-sha-256' >"$new/pg_hba.conf"
	mv "$new" "$PG_DATA"
}

pg_prepare() {
	pg_prepare_user
	pg_find_binaries
	[ -e "$PG_DATA/PG_VERSION" ] || pg_make_cluster
}

pg_command() {
	ENV=("PATH=$PATH" LANG=C.UTF-8)
	AS=("${PG_AS[@]}")
	ARGV=("$PG_BIN/postgres" -D "$PG_DATA" -p "${PORT_OF[postgres]}"
		-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=128MB
		-c max_connections=100 -c jit=off -c logging_collector=off -c cluster_name=castor)
	END_BY=INT # "fast": the sessions of others are ended, nothing that was committed is lost
}

redis_prepare() {
	mkdir -p "$RUN_DIR/redis"
	secret redis
	# No snapshots: Redis carries, Postgres keeps.
	printf '%s\n' "port ${PORT_OF[redis]}" "requirepass $REPLY" 'bind 127.0.0.1' 'save ""' \
		'appendonly no' 'daemonize no' >"$RUN_DIR/redis/redis.conf"
}

redis_command() {
	ENV=("PATH=$PATH" LANG=C.UTF-8)
	ARGV=(env -C "$RUN_DIR/redis" redis-server redis.conf)
	END_BY=TERM
}
