// A gateway that has no descriptors left: who is there is served, who comes is turned away, the services are not blamed, and it costs
// next to nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { sleep, until } from './lib/stack.mjs';

const MOST = 64;
// A service that ends every connection: each request needs a new one, and a descriptor.
const raw = await startRaw((s) => s.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}'));
const gateway = await startGateway({ AUTH_URL: raw.url, CHAT_URL: raw.url, BILLING_URL: raw.url, ACCESS_LOG: 'off' }, ['prlimit', `--nofile=${MOST}:${MOST}`]);
const sockets = [];
after(async () => {
	sockets.forEach((s) => s.destroy());
	await gateway.stop();
	await raw.stop();
});

// One that is answered and stays, or is closed.
const open = () => new Promise((resolve) => {
	const s = connect(gateway.port, '127.0.0.1', () => s.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
	sockets.push(s);
	s.on('error', () => {});
	s.once('data', () => resolve(s));
	s.once('close', () => resolve(null));
});
const answer = (s, path) => new Promise((resolve) => {
	s.removeAllListeners('data');
	s.once('data', (bytes) => resolve(Number(bytes.toString('latin1').slice(9, 12))));
	s.once('close', () => resolve(0));
	s.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
});
const [worker] = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8').trim().split(' ');
const cpuMs = () => readFileSync(`/proc/${worker}/stat`, 'utf8').split(' ').slice(13, 15).reduce((n, t) => n + Number(t) * 10, 0);

test('it serves whom it has, and does not spin', { timeout: 60_000 }, async () => {
	const had = (await Promise.all(Array.from({ length: 2 * MOST }, open))).filter(Boolean);
	assert.ok(had.length > MOST / 4 && had.length < MOST, `${had.length} were served`);
	assert.equal(await open(), null, 'one more is turned away');

	for (const s of had)
		assert.equal(await answer(s, '/.well-known/jwks.json'), 200, 'there is a descriptor for the service');
	assert.equal((await fetch(`${gateway.admin}/readyz`)).status, 200, 'no service is blamed');

	const before = cpuMs();
	let turned = 0;
	const coming = setInterval(() => open().then((s) => { turned += s === null; }), 50);
	await sleep(2000);
	clearInterval(coming);
	const took = cpuMs() - before;
	assert.ok(turned > 5, `${turned} were turned away meanwhile`);
	assert.ok(took < 500, `${took} ms of the processor in 2 s`);
	assert.ok((await gateway.log()).match(/"accept-failed"/g).length <= 3, 'nor does the log fill');

	had.splice(0, 5).forEach((s) => s.destroy());
	await until('those that leave make room', open);
});
