// seeds.mjs DIR: the requests and answers of tests/e2e/data as seeds of the fuzz targets, in DIR/<target>/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from '../e2e/lib/raw_http.mjs';

const out = process.argv[2], MAX = 4096;
let count = 0;

function seed(target, bytes) {
	mkdirSync(join(out, target), { recursive: true });
	if (bytes.length <= MAX)
		writeFileSync(join(out, target, String(count++)), bytes);
}

// The first byte of most targets says how the input is cut.
const cut = (bytes) => Buffer.concat([Buffer.from([count % 256]), bytes]);

for (const { bytes } of readCases('http_requests.txt')) {
	const text = bytes.toString('latin1'), body = text.indexOf('\r\n\r\n') + 4;
	const [, target, query] = /^[A-Z]+ ([^?\r\n]*)(?:\?(.*))? HTTP\/1/.exec(text) ?? [];
	seed('http_head_fuzz', cut(bytes));
	if (/Transfer-Encoding: chunked\r\n\r\n/i.test(text))
		seed('http_chunk_fuzz', cut(bytes.subarray(body)));
	if (target)
		seed('http_path_fuzz', cut(Buffer.from(target, 'latin1')));
	if (query)
		seed('http_query_fuzz', cut(Buffer.from(query, 'latin1')));
}
for (const { bytes } of readCases('http_answers.txt')) {
	seed('http_head_fuzz', cut(bytes));
	seed('http_response_fuzz', cut(bytes));
}
