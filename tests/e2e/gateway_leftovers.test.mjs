// Thousands of clients that break off, half-close, reset, trickle, never read, or are no clients at all, and services no better:
// afterwards nothing is held for any of them, and what is to be had is all there.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { certificate } from './lib/certificate.mjs';
import { startGateway, startRaw, token } from './lib/gateway.mjs';
import { freePort, sleep, until } from './lib/stack.mjs';

const CLIENTS = Number(process.env.CLIENTS || 1500), AT_ONCE = 100, IN_HAND = 32;
const seed = Number(process.env.SEED || Math.floor(Math.random() * 2 ** 31));
let state = seed;
const draw = (n) => ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8) % n;

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const LONG = 'x'.repeat(150_000);
const kept = []; // requests that calm services keep until told

const answers = [
	(s) => s.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LONG.length}\r\n\r\n${LONG}`),
	(s) => s.end(`HTTP/1.1 200 OK\r\n\r\n${LONG}`), // to the end of the connection
	(s) => { // events, for a while
		s.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
		for (let i = 1; i < 9; i++)
			setTimeout(() => s.destroyed || s.write(i < 8 ? '9\r\ndata: x\n\n\r\n' : '0\r\n\r\n'), 20 * i);
	},
	(s) => s.destroy(),
	(s) => s.end('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc'), // and no more
	(s) => s.write(OK + OK), // one too many
	() => {}, // nothing, ever
];
let calm = false;
function serve(s) {
	if (calm)
		kept.push(s);
	else if (draw(10))
		s.write(OK);
	else
		answers[draw(answers.length)](s);
}

const auth = `Authorization: Bearer ${token()}\r\n`;
const requests = [
	() => 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
	() => 'GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(draw(8) ? 1 : 250),
	() => `GET /chatroom HTTP/1.1\r\nHost: a\r\n${auth}\r\n`.repeat(1 + draw(20)),
	() => `HEAD /user/me HTTP/1.1\r\nHost: a\r\n${auth}\r\n`,
	() => `GET /user/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'x'.repeat(draw(5000))}\r\n\r\n`,
	() => `POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n${'b'.repeat(3000)}`,
	() => `POST /webhook/stripe HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n${'b'.repeat(300_000)}`,
	() => `POST /auth/signup HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${draw(2) ? '0\r\n\r\n' : 'zz\r\n'}`,
	() => `POST /chatroom HTTP/1.1\r\nHost: a\r\n${auth}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n${draw(2) ? '0123456789' : ''}`,
	() => `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: draw(120) }, (_, i) => `X-${i}: ${'v'.repeat(draw(300))}\r\n`).join('')}\r\n`,
	() => `DELETE /chatroom HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`,
	() => 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nmore',
	() => String.fromCharCode(...Array.from({ length: draw(300) }, () => draw(256))),
];

// What a client does once it has said all, or a part, of its requests.
const manners = [
	(s) => s.destroy(),
	(s) => (s.resetAndDestroy && !s.encrypted ? s.resetAndDestroy() : s.destroy()),
	(s) => s.end(),
	(s) => s.once('data', () => s.destroy()),
	(s) => s.pause(),
	() => {},
];

function one(port, tlsPort) {
	return new Promise((done) => {
		const secure = draw(4) === 0, garbage = draw(4) === 0;
		const s = secure && !garbage
			? tls.connect({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false, servername: ['a.test', 'b.test', `${'l'.repeat(60)}.test`][draw(3)], maxVersion: ['TLSv1.2', 'TLSv1.3'][draw(2)], ALPNProtocols: [['http/1.1'], ['h2']][+!draw(4)] }, begin)
			: connect(secure ? tlsPort : port, '127.0.0.1', begin);
		const patience = setTimeout(() => s.destroy(), 100 + draw(600));
		s.on('data', () => {}).on('error', () => {}).on('close', () => {
			clearTimeout(patience);
			done();
		});
		function begin() {
			let all = '';
			for (let i = draw(4); i >= 0; i--)
				all += requests[draw(requests.length)]();
			s.write(Buffer.from(draw(2) ? all : all.slice(0, draw(all.length)), 'latin1'), () => manners[draw(manners.length)](s));
		}
	});
}

test(`nothing is left of clients that end badly (SEED=${seed})`, { timeout: 240_000 }, async (t) => {
	const dir = await mkdtemp(join(tmpdir(), 'castor-left-'));
	await certificate(dir, 'a', ['a.test']);
	const service = await startRaw(serve), tlsPort = await freePort();
	const gateway = await startGateway({
		AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, ACCESS_LOG: 'off', GATEWAY_WORKERS: '1', UPSTREAM_TIMEOUT_MS: '3000',
		UPSTREAM_CONNECTIONS: String(IN_HAND), GATEWAY_CONNECTIONS: '1000', GATEWAY_MEMORY_MB: '2', GATEWAY_HEAD_MS: '500', GATEWAY_BODY_MS: '700',
		GATEWAY_TLS_LISTEN: `127.0.0.1:${tlsPort}`, GATEWAY_TLS_CERT: `${dir}/a.pem`, GATEWAY_TLS_KEY: `${dir}/a.key`,
	});
	t.after(async () => {
		assert.equal(await gateway.stop(), 0);
		await service.stop();
		await rm(dir, { recursive: true });
	});
	let left = CLIENTS;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (left-- > 0)
			await one(gateway.port, tlsPort);
	}));

	calm = true;
	const now = async () => (await (await fetch(`${gateway.admin}/metrics`)).text()).split('\n')
		.filter((l) => /^(http_server_(active_requests|connections|memory_bytes)|gateway_upstream_requests)/.test(l) && !l.endsWith(' 0'));
	let seen;
	await until('nothing is held', async () => (seen = await now()).length === 0, 20_000).catch((err) => assert.fail(`${err.message}: ${seen}`));

	// All that a service may have in hand can be used, by as many users: the breaker forgets, and no place is lost.
	const ask = async () => (await fetch(`${gateway.base}/usage`, { headers: { authorization: `Bearer ${token()}`, connection: 'close' } })).status;
	const most = IN_HAND - IN_HAND / 8;
	await until('services are trusted again', async () => {
		const status = ask();
		await sleep(20);
		kept.splice(0).forEach((s) => s.write(OK));
		return (await status) === 200;
	}, 20_000);
	const asked = Array.from({ length: most }, ask);
	await until('as many as may be are in hand', () => kept.length === most, 20_000);
	kept.splice(0).forEach((s) => s.write(OK));
	assert.deepEqual(await Promise.all(asked), Array(most).fill(200));

	const log = await gateway.log();
	for (const line of log.split('\n').filter(Boolean))
		JSON.parse(line);
});
