#!/bin/sh
# setup: every key and password of a compose installation, made once, each readable by its user alone.
#
# /secrets/NAME/ belongs to the process of that name: the files that its settings name by NAME_FILE.
# What .env gives (SECRET_KEY, GEMINI_*, STRIPE_*) is written anew each time; without a key of a
# provider its simulator's address is written.
set -eu
umask 077
cd /secrets

random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }

# A secret made at first need and known to this job alone.
kept() { # NAME
	mkdir -p own
	[ -s "own/$1" ] || { random >"own/$1.new" && mv "own/$1.new" "own/$1"; }
	cat "own/$1"
}

put() { # PROCESS FILE CONTENT
	mkdir -p "$1"
	printf %s "$3" >"$1/$2.new"
	mv "$1/$2.new" "$1/$2"
}

belongs_to() { # PROCESS UID
	chmod 700 "$1"
	chmod 400 "$1"/*
	chown -R "$2:$2" "$1"
}

if [ ! -s own/jwt.pub ]; then
	mkdir -p own
	rm -f own/jwt.key own/jwt.pub
	auth keygen own >/dev/null
fi
redis_url="redis://:$(kept redis)@redis:6379/0"
stripe_secret=${STRIPE_WEBHOOK_SECRET:-whsec_$(kept stripe-webhook)}

put postgres password "$(kept db-owner)"
put redis redis.conf "requirepass $(kept redis)
save \"\"
appendonly no
maxmemory-policy noeviction"

put migrate owner_url "postgresql://castor:$(kept db-owner)@postgres:5432/castor"
for service in auth chat billing ai-worker; do
	role=castor_$service
	[ $service != ai-worker ] || role=castor_worker
	put migrate "password_$service" "$(kept "db-$service")"
	put $service database_url "postgresql://$role:$(kept "db-$service")@postgres:5432/castor"
	put $service redis_url "$redis_url"
done
put gateway redis_url "$redis_url"
for process in gateway auth chat billing; do
	put $process jwt.pub "$(cat own/jwt.pub)"
done
put auth jwt.key "$(cat own/jwt.key)"
put auth secret_key "${SECRET_KEY:-$(kept secret-key)}"

if [ -n "${GEMINI_API_KEY:-}${GEMINI_BASE_URL:-}" ]; then
	put ai-worker gemini_base_url "${GEMINI_BASE_URL:-https://generativelanguage.googleapis.com}"
	put ai-worker gemini_api_key "${GEMINI_API_KEY:-none}"
else
	put ai-worker gemini_base_url http://fake-gemini:8080
	put ai-worker gemini_api_key simulator
fi
if [ -n "${STRIPE_SECRET_KEY:-}${STRIPE_BASE_URL:-}" ]; then
	put billing stripe_base_url "${STRIPE_BASE_URL:-https://api.stripe.com}"
	put billing stripe_secret_key "${STRIPE_SECRET_KEY:-none}"
else
	put billing stripe_base_url http://fake-stripe:8080
	put billing stripe_secret_key sk_test_simulator
fi
put billing public_url "${PUBLIC_URL:-http://localhost:${PORT:-8000}}"
put billing stripe_webhook_secret "$stripe_secret"
put fake-stripe stripe_webhook_secret "$stripe_secret"

belongs_to postgres 999
belongs_to redis 999
belongs_to gateway 10001
belongs_to auth 10002
belongs_to chat 10003
belongs_to billing 10004
belongs_to ai-worker 10005
belongs_to fake-stripe 10007
belongs_to migrate 10010
chmod 711 .
echo "setup: done"
