#!/bin/sh
# As the public image does it: root prepares the folders, the user postgres makes the cluster once.
set -eu
if [ "$(id -u)" = 0 ]; then
	install -d -o postgres -g postgres /var/run/postgresql
	chown postgres:postgres "$PGDATA"
	chmod 700 "$PGDATA"
	exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	initdb -U "$POSTGRES_USER" -A scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE"
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	echo "create database $POSTGRES_DB" | postgres --single postgres
fi
exec "$@" -c listen_addresses='*'
