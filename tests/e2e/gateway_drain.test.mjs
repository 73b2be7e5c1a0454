// SIGTERM while nobody listens beside it, as compose and Kubernetes end a copy: told in time, nobody is cut.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGatewayFor } from './lib/gateway.mjs';
import { Talk } from './lib/raw_http.mjs';
import { until } from './lib/stack.mjs';

const GET = 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n';
const READY = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
const BODY = '{"mobile":"9876543210"}';
const POST = `POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;

// A connection, and how it ended.
async function open(port, first) {
	const socket = connect(port, '127.0.0.1'), talk = new Talk(socket);
	talk.how = new Promise((resolve) => {
		socket.on('end', () => resolve('end'));
		socket.on('error', (err) => resolve(err.code));
	});
	if (first) {
		talk.say(first);
		assert.equal((await talk.answer())?.status, 200);
	}
	return talk;
}
const closes = (answer) => /\r\nConnection: close/i.test(answer.head);

test('not ready first, then no new connections, then the last answers; nothing is reset', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t, { DRAIN_DELAY_MS: '1500', DRAIN_IDLE_MS: '3000' });
	const idle = await open(gateway.port, GET), late = await open(gateway.port, GET);
	const early = await open(gateway.port, GET), posting = await open(gateway.port), probe = await open(gateway.adminPort, READY);
	posting.say(POST + BODY.slice(0, 10));
	process.kill(gateway.pid, 'SIGTERM');

	const unready = await until('it is not ready', async () => {
		probe.say(READY);
		const answer = await probe.answer();
		return answer?.status === 503 && answer;
	});
	assert.match(unready.body, /"reason":"draining"/);
	assert.ok(closes(unready) && await probe.ended());
	(await open(gateway.port, GET)).end(); // who comes now is still served
	early.say(GET);
	assert.ok(!closes(await early.answer()), 'the balancer may not know yet');

	await until('nobody listens', async () => {
		const one = await open(gateway.port);
		const how = await Promise.race([one.how, new Promise((r) => one.socket.on('connect', () => r('connected')))]);
		one.end();
		return how === 'ECONNREFUSED';
	});
	posting.say(BODY.slice(10));
	for (const one of [posting, late]) {
		if (one === late)
			one.say(GET);
		const answer = await one.answer();
		assert.equal(answer?.status, 200);
		assert.ok(closes(answer));
		assert.equal(await one.how, 'end');
	}
	for (const one of [idle, early])
		assert.equal(await one.how, 'end', 'idle ones are closed, not reset');
	await until('it has ended', () => gateway.ended());
	assert.equal(await gateway.said('drain-cut'), 0);
});
