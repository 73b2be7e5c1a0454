#!/bin/sh
# migrate SERVICE: its schema is brought up to date, its role learns its password.
set -eu
DATABASE_URL=$(cat /secrets/migrate/owner_url)
ROLE_PASSWORD=$(cat "/secrets/migrate/password_$1")
export DATABASE_URL ROLE_PASSWORD
exec "$1" migrate
