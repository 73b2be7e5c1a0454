#!/usr/bin/env bash
# Every setting of every process is in .env.example, but for those that the stack itself decides.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
decided='ADMIN_LISTEN AUTH_URL CHAT_URL BILLING_URL WEBHOOK_URL'
failed=0
for name in $(git ls-files -co --exclude-standard -- 'gateway/*.c' 'services/*.c' 'libs/*.c' 'tests/fakes/*.c' |
	xargs grep -hoE '\{ "[A-Z_]+", SETTING_' | grep -oE '[A-Z_]{2,}"' | tr -d '"' | sort -u); do
	case " $decided " in *" $name "*) continue ;; esac
	grep -qE "^#?$name(_FILE)?=" .env.example || {
		echo ".env.example does not know $name"
		failed=1
	}
done
for name in $(grep -oE '^#?[A-Z_]+=' .env.example | tr -d '#='); do
	grep -rqE "\"${name%_FILE}\"" --include='*.c' gateway services libs tests/fakes || [ "$name" = RUN_DIR ] || {
		echo "no process knows $name, of .env.example"
		failed=1
	}
done
exit $failed
