// The gateway changed under a scraper that keeps its connection: no scrape is lost, none is cut.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startGatewayFor } from './lib/gateway.mjs';
import { startLoad } from './lib/load.mjs';
import { Talk } from './lib/raw_http.mjs';
import { until } from './lib/stack.mjs';

const CHANGES = 10;
const SCRAPE = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';

test('a scraper loses nothing, and is told when to open another connection', { timeout: 120_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	let talk = Talk.plain(gateway.adminPort), moved = 0;
	const scrape = async () => {
		talk.say(SCRAPE);
		const answer = await talk.answer();
		assert.equal(answer?.status, 200, 'on the connection that was kept');
		assert.match(answer.body, /^gateway_workers{state="serving"} [24]$/m); // for a moment the new ones serve beside the old
		return /\r\nConnection: close/i.test(answer.head);
	};
	const filters = () => /^Seccomp_filters:\s*(\d+)$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1];
	const before = filters();
	const busy = startLoad({ base: gateway.admin, path: '/metrics', connections: 1 });
	try {
		for (const signal of ['SIGHUP', 'SIGUSR2']) {
			for (let i = 0; i < CHANGES; i++) {
				while (await scrape()) // a worker that retires had taken it
					talk = Talk.plain(gateway.adminPort);
				await gateway.change(signal);
				await until('the old worker says so', async () => {
					const last = await scrape();
					assert.ok(!last || await talk.ended(), 'and ends it in good order');
					return last;
				});
				talk = Talk.plain(gateway.adminPort);
				moved++;
			}
		}
	} finally {
		await busy.stop();
		talk.end();
	}
	assert.equal(moved, 2 * CHANGES);
	assert.equal(filters(), before, 'a program does not add to what confines the one before it');
	assert.deepEqual(busy.out.failures, []);
	assert.ok(busy.out.closes >= CHANGES, `${busy.out.closes} connections of the busy one were moved`);
});
