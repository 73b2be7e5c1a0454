#!/bin/sh
# embed-sql.sh NAME FILE.sql...: C text of `const struct migration NAME_migrations[]` (dashes become
# underscores), in the order of the file names, so that a process carries its own schema.
set -eu
name=$(printf %s "$1" | tr - _); shift
echo '#include "app/app.h"'
echo "extern const struct migration ${name}_migrations[];"
echo "const struct migration ${name}_migrations[] = {"
for f in $(printf '%s\n' "$@" | sort); do
	printf '\t{ "%s",\n' "$(basename "$f" .sql)"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t  "/' -e 's/$/\\n"/' "$f"
	printf '\t},\n'
done
echo "	{ 0 },"
echo "};"
