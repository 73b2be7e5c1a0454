// A log that nobody reads costs lines, which are counted, and not one request; nor does it stop who watches over the workers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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

test('while nobody reads the log, a worker that died is replaced, settings are read again, and SIGTERM ends it', { timeout: 60_000 }, async (t) => {
	const service = await startRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
	const gateway = await startGateway({ AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url }, [], { deaf: true });
	t.after(() => service.stop());
	const workers = () => readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
	const request = 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n';
	const served = async () => {
		const talk = Talk.plain(gateway.port);
		talk.say(request);
		const answer = await talk.answer();
		talk.end();
		return answer?.status === 200;
	};
	const talk = Talk.plain(gateway.port);
	for (let i = 0; i < BATCHES / 4; i++) { // more than a pipe holds
		talk.say(request.repeat(BATCH));
		for (let j = 0; j < BATCH; j++)
			assert.equal((await talk.answer())?.status, 200);
	}
	talk.end();
	for (let i = 0; i < 3; i++) {
		const [before] = workers();
		process.kill(Number(before), 'SIGKILL');
		while (!workers().some((pid) => pid !== before) || !await served())
			await new Promise((r) => setTimeout(r, 20));
	}
	const [before] = workers();
	process.kill(gateway.pid, 'SIGHUP');
	while (workers().includes(before) || !await served())
		await new Promise((r) => setTimeout(r, 20));
	assert.equal(await gateway.stop(), 0);
});
