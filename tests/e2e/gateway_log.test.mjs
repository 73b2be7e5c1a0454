// A log that nobody reads costs lines, which are counted, and not one request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { Talk } from './lib/raw_http.mjs';

const BATCH = 16, BATCHES = 1500;

test('requests are answered while nobody reads the log, and what it lost is counted', async (t) => {
	const service = await startRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
	const gateway = await startGateway({ AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url }, [], { deaf: true });
	const request = 'GET /.well-known/jwks.json?a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(BATCH);
	let answered = 0, talk = null;
	t.after(async () => {
		talk?.end();
		gateway.listen(); // so that it can end
		assert.equal(await gateway.stop(), 0);
		await service.stop();
	});
	for (let i = 0; i < BATCHES; i++) {
		if (i % 500 === 0) { // a connection is good for 10,000
			talk?.end();
			talk = Talk.plain(gateway.port);
		}
		talk.say(request);
		for (let j = 0; j < BATCH; j++)
			answered += (await talk.answer())?.status === 200;
	}
	assert.equal(answered, BATCH * BATCHES);
	const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
	assert.ok(Number(/^log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]) > 0, 'none was lost');
});
