// Several workers at one socket: they share the limit of connections, and a burst of them.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { sleep, until } from './lib/stack.mjs';

const LIMIT = 100;
const raw = await startRaw((s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
const gateway = await startGateway({
	AUTH_URL: raw.url, CHAT_URL: raw.url, BILLING_URL: raw.url, GATEWAY_WORKERS: '2', GATEWAY_CONNECTIONS: String(LIMIT), ACCESS_LOG: 'off',
});
const sockets = [];
after(async () => {
	sockets.forEach((s) => s.destroy());
	await gateway.stop();
	await raw.stop();
});

// A connection that stays; true if it was served.
const open = (port = gateway.port) => new Promise((resolve) => {
	const s = connect(port, '127.0.0.1', () => s.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
	sockets.push(s);
	s.on('error', () => {});
	s.once('data', () => resolve(true));
	s.once('close', () => resolve(false));
});
const socketsOf = (pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => {
	try {
		return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
	} catch {
		return false; // closed meanwhile
	}
}).length;

test('all of the limit can be used, whoever accepts; a burst is spread', { timeout: 60_000 }, async () => {
	const before = gateway.workers().map(socketsOf);
	const served = await Promise.all(Array.from({ length: LIMIT }, () => open()));
	assert.equal(served.filter(Boolean).length, LIMIT);
	const each = gateway.workers().map((pid, i) => socketsOf(pid) - before[i]);
	assert.ok(Math.min(...each) >= LIMIT / 5, `connections: ${each}`);
	assert.equal(await open(), false, 'one more is closed');
});

test('those that leave, and those of a worker that died, make room', { timeout: 60_000 }, async () => {
	sockets.pop().destroy();
	sockets.pop().destroy();
	while (!await open());
	process.kill(gateway.workers()[0], 'SIGKILL');
	await until('it is gone', () => gateway.said('worker-died')); // and all of its are closed, which is heard by
	await sleep(50); // the next turn
	const left = sockets.filter((s) => !s.destroyed).length;
	assert.ok(left < LIMIT * 0.9, `${left} are left`);
	for (let n = 0; n < LIMIT - left;)
		n += await open();
	assert.equal(await open(), false);
});

test('one address has as many as are set with all workers together, and so many new ones a second', { timeout: 60_000 }, async (t) => {
	const settings = { AUTH_URL: raw.url, CHAT_URL: raw.url, BILLING_URL: raw.url, GATEWAY_WORKERS: '2', ACCESS_LOG: 'off' };
	for (const [name, most] of [['GATEWAY_ADDRESS_CONNECTIONS', 30], ['GATEWAY_ADDRESS_CONNECTS', 30]]) {
		const one = await startGateway({ ...settings, [name]: String(most) });
		t.after(() => one.stop());
		const began = Date.now();
		const served = (await Promise.all(Array.from({ length: 4 * most }, () => open(one.port)))).filter(Boolean).length;
		const more = name === 'GATEWAY_ADDRESS_CONNECTS' ? Math.ceil(most * (Date.now() - began) / 1000) : 0; // those of the time it took
		assert.ok(served >= most && served <= most + more + 2, `${name}: ${served} were served`); // two may look at the same moment
	}
});

test('told to end again and again while it ends, it ends well', { timeout: 60_000 }, async () => {
	for (let i = 0; i < 8; i++) {
		const one = await startGateway({ AUTH_URL: raw.url, CHAT_URL: raw.url, BILLING_URL: raw.url, GATEWAY_WORKERS: '4', DRAIN_IDLE_MS: '0' });
		try {
			for (;;) {
				process.kill(one.pid, 'SIGTERM');
				await new Promise((r) => setImmediate(r));
			}
		} catch (err) {
			assert.equal(err.code, 'ESRCH');
		}
		assert.equal(await one.stop(), 0);
	}
});
