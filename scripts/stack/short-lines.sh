#!/bin/sh
# short-lines.sh: the processes' JSON log lines as "time process level event name=value ..."; other
# lines pass as they are.
exec sed -u -E \
	-e '/^\{"ts":"[^"]*T([0-9:]{8})[^"]*","level":"([a-z]*)","service":"([^"]*)","event":"([^"]*)"(.*)\}$/!b' \
	-e 's//\1 \3 \2 \4\5/' -e 's/,"([A-Za-z_.]+)":/ \1=/g' -e 's/ (request_id|trace_id)="[^"]*"//g' \
	-e 's/ info access method="([A-Z]*)" path="([^"]*)".* status=([0-9]+).* duration_us=([0-9]+).*/ \1 \2 \3 (\4 µs)/'
