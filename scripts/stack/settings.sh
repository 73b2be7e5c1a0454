# settings.sh - what the stack is told, and what each process is told of it.
#
# Settings come from the environment, then .env, then the defaults here. A process is given what
# process_env assigns it, and beside that whatever is set of the settings it prints as its own
# (`<process> settings`): no process sees the secrets of another.
# shellcheck shell=bash disable=SC2034 # read by the other parts of stack.sh

PROCESSES=(fake-gemini fake-stripe auth chat billing ai-worker gateway) # in the order they start
SERVICES=(auth chat billing ai-worker)                                  # those with a database role
PORTS_FROM=20000 PORTS_TO=31999 # below what Linux gives to outgoing connections

say() { printf 'castor: %s\n' "$*" || :; } 2>/dev/null
die() {
	printf 'castor: %s\n' "$*" >&2
	exit 1
}

# .env is data, not shell: lines of NAME=value; what the environment says already stands.
load_env_file() { # FILE
	local line name value number=0
	[ -e "$1" ] || return 0
	[ -r "$1" ] || die "cannot read $1"
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%$'\r'}
		if [[ $line =~ ^[[:space:]]*(#.*)?$ ]]; then
			continue
		elif ! [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
			die "$1, line $number: not of the form NAME=value"
		fi
		name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
		if [[ $value =~ ^\"(.*)\"[[:space:]]*$ || $value =~ ^\'(.*)\'[[:space:]]*$ ]]; then
			value=${BASH_REMATCH[1]}
		else
			value=${value%%[[:space:]]#*}
			value=${value%"${value##*[![:space:]]}"}
		fi
		[ -n "${!name+set}" ] || export "$name=$value"
	done <"$1"
}

# ---- ports ----

declare -A PORT_OF TAKEN

note_taken_ports() {
	local hex
	TAKEN=()
	while read -r hex; do
		TAKEN[$((16#$hex))]=1
	done < <(awk '$4 == "0A" { print substr($2, index($2, ":") + 1) }' /proc/net/tcp /proc/net/tcp6 \
		2>/dev/null)
}

free_port() { # sets REPLY
	REPLY=$((PORTS_FROM + RANDOM % (PORTS_TO - PORTS_FROM + 1)))
	while [ -n "${TAKEN[$REPLY]:-}" ]; do
		REPLY=$((REPLY == PORTS_TO ? PORTS_FROM : REPLY + 1))
	done
	TAKEN[$REPLY]=1
}

# One port per listener, chosen at the first start and kept for as long as nobody else takes it.
choose_ports() {
	local name port
	note_taken_ports
	if [ -r "$RUN_DIR/ports" ]; then
		while IFS='=' read -r name port; do
			[ -n "${TAKEN[$port]:-}" ] || PORT_OF[$name]=$port
			TAKEN[$port]=1
		done <"$RUN_DIR/ports"
	fi
	for name in postgres redis "${PROCESSES[@]}" "${PROCESSES[@]/%/-admin}"; do
		[ -n "${PORT_OF[$name]:-}" ] && continue
		free_port
		PORT_OF[$name]=$REPLY
	done
	for name in "${!PORT_OF[@]}"; do
		echo "$name=${PORT_OF[$name]}"
	done | sort >"$RUN_DIR/ports"

	[[ $PORT =~ ^[0-9]{1,5}$ && $PORT -le 65535 ]] || die "PORT: \"$PORT\" is no port"
	if [ "$PORT" = 0 ]; then
		PORT=${PORT_OF[gateway]}
	elif note_taken_ports && [ -n "${TAKEN[$PORT]:-}" ]; then
		die "port $PORT is in use by another program; another one: make run PORT=$((PORT + 1))"
	fi
}

# ---- secrets ----

# The secret of that name, made at first use and kept. Sets REPLY.
secret() { # NAME
	local file=$RUN_DIR/secrets/$1
	if [ ! -s "$file" ]; then
		od -An -tx1 -N32 /dev/urandom | tr -d ' \n' >"$file.new"
		mv "$file.new" "$file"
	fi
	REPLY=$(<"$file")
}

# A key pair of our own unless one was given. Only auth is told where the private half is.
make_token_keys() {
	JWT_KEYS=()
	[ -z "${JWT_PRIVATE_KEY:-}${JWT_PRIVATE_KEY_FILE:-}" ] || return 0
	JWT_KEYS=("$RUN_DIR/secrets/jwt.key" "$RUN_DIR/secrets/jwt.pub")
	[ -s "${JWT_KEYS[0]}" ] && [ -s "${JWT_KEYS[1]}" ] && return 0
	rm -f "${JWT_KEYS[@]}"
	"$BIN/auth" keygen "$RUN_DIR/secrets" >/dev/null || die "auth could not make its token keys"
}

# ---- who is told what ----

role_of() { # PROCESS: its role in Postgres
	case $1 in
	ai-worker) REPLY=castor_worker ;;
	*) REPLY=castor_$1 ;;
	esac
}

# The database's URL with another login in it. Sets REPLY.
database_url_as() { # ROLE PASSWORD
	local scheme=${DATABASE_URL%%://*} rest=${DATABASE_URL#*://} place
	place=${rest%%[/?]*}
	rest=${rest#"$place"}
	REPLY="$scheme://$1:$2@${place##*@}$rest"
}

service_database_url() { # PROCESS
	local role password
	role_of "$1"
	role=$REPLY
	secret "db-$1"
	password=$REPLY
	database_url_as "$role" "$password"
}

# Where no key and no other address was given, a simulator stands in. Sets SIMULATED.
choose_simulators() {
	SIMULATED=' '
	if [ -z "${GEMINI_API_KEY:-}${GEMINI_API_KEY_FILE:-}${GEMINI_BASE_URL:-}" ]; then
		SIMULATED+='fake-gemini '
		GEMINI_BASE_URL=http://127.0.0.1:${PORT_OF[fake-gemini]} GEMINI_API_KEY=simulator
	fi
	if [ -z "${STRIPE_SECRET_KEY:-}${STRIPE_SECRET_KEY_FILE:-}${STRIPE_BASE_URL:-}" ]; then
		SIMULATED+='fake-stripe '
		secret stripe-webhook
		STRIPE_BASE_URL=http://127.0.0.1:${PORT_OF[fake-stripe]} STRIPE_SECRET_KEY=sk_test_simulator
		: "${STRIPE_WEBHOOK_SECRET:=whsec_$REPLY}" "${STRIPE_PRICE_PRO:=price_pro}"
	fi
}

is_simulated() { # fake-gemini|fake-stripe
	[[ $SIMULATED == *" $1 "* ]]
}

prepare_settings() {
	: "${PORT:=8000}" "${CASTOR_ENV:=dev}"
	choose_ports
	mkdir -p "$RUN_DIR/secrets"
	PRIVATE_POSTGRES='' PRIVATE_REDIS=''
	if [ -z "${DATABASE_URL:-}" ]; then
		PRIVATE_POSTGRES=yes
		secret db-owner
		DATABASE_URL=postgresql://castor:$REPLY@127.0.0.1:${PORT_OF[postgres]}/castor
	fi
	if [ -z "${REDIS_URL:-}" ]; then
		PRIVATE_REDIS=yes
		secret redis
		REDIS_URL=redis://:$REPLY@127.0.0.1:${PORT_OF[redis]}/0
	fi
	if [ -z "${SECRET_KEY:-}${SECRET_KEY_FILE:-}" ]; then
		secret secret-key
		SECRET_KEY=$REPLY
	fi
	choose_simulators
	RUNNING=()
	local name
	for name in "${PROCESSES[@]}"; do
		[[ $name == fake-* ]] && ! is_simulated "$name" && continue
		[[ " ${STACK_WITHOUT:-} " == *" $name "* ]] && continue
		RUNNING+=("$name")
	done
	make_token_keys
}

# What the stack itself decides for a process. Sets DECIDED.
decide_for() { # PROCESS
	local name=$1
	DECIDED=("CASTOR_ENV=$CASTOR_ENV" "ADMIN_LISTEN=127.0.0.1:${PORT_OF[$name-admin]}"
		"LISTEN=127.0.0.1:${PORT_OF[$name]}" "REDIS_URL=$REDIS_URL")
	case $name in
	auth | chat | billing | ai-worker)
		service_database_url "$name"
		DECIDED+=("DATABASE_URL=$REPLY" "PUBLIC_URL=${PUBLIC_URL:-http://localhost:$PORT}")
		;;
	fake-stripe)
		DECIDED+=("PUBLIC_URL=http://localhost:${PORT_OF[$name]}"
			"WEBHOOK_URL=http://127.0.0.1:$PORT/webhook/stripe")
		;;
	gateway)
		DECIDED+=("PORT=$PORT" "LISTEN=${LISTEN:-127.0.0.1:$PORT}"
			"AUTH_URL=http://127.0.0.1:${PORT_OF[auth]}"
			"CHAT_URL=http://127.0.0.1:${PORT_OF[chat]}"
			"BILLING_URL=http://127.0.0.1:${PORT_OF[billing]}")
		;;
	esac
	if [ ${#JWT_KEYS[@]} != 0 ]; then
		DECIDED+=("JWT_PRIVATE_KEY_FILE=${JWT_KEYS[0]}" "JWT_PUBLIC_KEY_FILE=${JWT_KEYS[1]}")
	fi
	# With a key pair, the secret that other secrets come from is auth's alone.
	if [ "$name" != auth ] && [ -n "${JWT_KEYS[*]}${JWT_PUBLIC_KEY:-}${JWT_PUBLIC_KEY_FILE:-}" ]; then
		DECIDED+=("SECRET_KEY=" "SECRET_KEY_FILE=")
	fi
}

# Sets ENV, the whole environment of a process: of what was decided and what was set, that which the
# process knows. Nothing else of ours is inherited.
process_env() { # PROCESS
	local DECIDED entry setting name
	local -A value=()
	decide_for "$1"
	for entry in "${DECIDED[@]}"; do
		value[${entry%%=*}]=${entry#*=}
	done
	ENV=("PATH=$PATH" "HOME=${HOME:-/}")
	while read -r setting _; do
		for name in "$setting" "${setting}_FILE"; do
			if [ -n "${value[$setting]+decided}${value[${setting}_FILE]+decided}" ]; then
				entry=${value[$name]:-}
			else
				entry=${!name:-}
			fi
			[ -z "$entry" ] || ENV+=("$name=$entry")
		done
	done < <("$BIN/$1" settings)
	# Sanitizers and coverage are told where to write.
	for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS GCOV_PREFIX GCOV_PREFIX_STRIP; do
		[ -z "${!name:-}" ] || ENV+=("$name=${!name}")
	done
}

# Everything a test or a curious person needs to reach any part, the passwords too.
write_stack_env() {
	local name key
	{
		echo "RUN_DIR='$RUN_DIR'"
		echo "GATEWAY_URL='http://127.0.0.1:$PORT'"
		for name in "${PROCESSES[@]}"; do
			key=${name^^}
			key=${key//-/_}
			[[ $name == ai-worker || $name == gateway ]] ||
				echo "${key}_URL='http://127.0.0.1:${PORT_OF[$name]}'"
			echo "${key}_ADMIN_URL='http://127.0.0.1:${PORT_OF[$name-admin]}'"
		done
		echo "OWNER_DATABASE_URL='$DATABASE_URL'"
		for name in "${SERVICES[@]}"; do
			key=${name^^}
			service_database_url "$name"
			echo "${key//-/_}_DATABASE_URL='$REPLY'"
		done
		echo "REDIS_URL='$REDIS_URL'"
		for key in CASTOR_ENV GEMINI_BASE_URL STRIPE_BASE_URL STRIPE_WEBHOOK_SECRET; do
			echo "$key='${!key:-}'"
		done
	} >"$RUN_DIR/stack.env.new"
	mv "$RUN_DIR/stack.env.new" "$RUN_DIR/stack.env"
}
