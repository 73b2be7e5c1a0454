// One gateway of one's own, with services that the test plays itself; and a token that it believes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac, hkdfSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, until } from './stack.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const SECRET = 'a-secret-of-the-gateway-test-0123456789';

const b64 = (data) => Buffer.from(data).toString('base64url');

// A token as auth makes them, when SECRET_KEY is all that it has.
export function token(user = randomUUID(), session = randomUUID()) {
	return tokenWith(Buffer.from(hkdfSync('sha256', SECRET, '', 'jwt-hs256', 32)), user, session);
}

export function tokenWith(key, user, session) {
	const kid = createHash('sha256').update(JSON.stringify({ k: b64(key), kty: 'oct' })).digest('base64url').slice(0, 16);
	const now = Math.floor(Date.now() / 1000);
	const text = `${b64(JSON.stringify({ alg: 'HS256', kid, typ: 'at+jwt' }))}.${b64(JSON.stringify({
		iss: 'castor', sub: user, aud: 'castor', exp: now + 3600, iat: now, nbf: now, jti: randomUUID(), sid: session, auth_time: now,
	}))}`;
	return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

export const gatewayBinary = resolve(root, process.env.CASTOR_BUILD || process.env.BUILD || 'build', 'bin/gateway');

// settings: of the gateway; AUTH_URL, CHAT_URL and BILLING_URL are the caller's. prefix: words before the binary's name. deaf: nobody reads
// what it logs. program: in the binary's place.
export async function startGateway(settings, prefix = [], { deaf = false, program } = {}) {
	const dir = await mkdtemp(join(tmpdir(), 'castor-gw-'));
	const port = await freePort();
	const adminPort = await freePort();
	const log = join(dir, 'log');
	const words = [...prefix, program ?? gatewayBinary];
	const child = spawn(words[0], words.slice(1), {
		stdio: ['ignore', openSync(log, 'a'), deaf ? 'pipe' : openSync(log, 'a')],
		env: {
			PATH: process.env.PATH, ENV_FILE: '/dev/null', GATEWAY_WORKERS: '1', SECRET_KEY: SECRET, REDIS_URL: 'unix:///nonexistent/redis.sock',
			LISTEN: `127.0.0.1:${port}`, ADMIN_LISTEN: `127.0.0.1:${adminPort}`, ...settings,
		},
	});
	const gateway = {
		port, adminPort, pid: child.pid, base: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}`,
		log: () => readFile(log, 'utf8'),
		workers: () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean),
		// How often it has logged that.
		said: async (event) => (await gateway.log()).split(`"event":"${event}"`).length - 1,
		// SIGHUP or SIGUSR2, and its end: new workers are ready.
		async change(signal) {
			const before = await gateway.said('workers-ready');
			child.kill(signal);
			await until(`${signal} done`, async () => (await gateway.said('workers-ready')) > before);
		},
		// A metric's value, on a connection of its own.
		async metric(name) {
			const text = await (await fetch(`${gateway.admin}/metrics`, { headers: { connection: 'close' } })).text();
			return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? NaN);
		},
		listen: () => child.stderr.resume(), // to a deaf one
		closeLog: () => child.stderr.destroy(),
		ended: () => child.exitCode !== null || child.signalCode !== null,
		async stop() {
			if (!gateway.ended()) {
				child.kill('SIGTERM');
				await once(child, 'exit');
			}
			await rm(dir, { recursive: true });
			return child.exitCode;
		},
	};
	for (let i = 0; i < 200; i++) {
		if (child.exitCode !== null)
			throw new Error(`the gateway did not start:\n${await gateway.log()}`);
		const ready = await fetch(`${gateway.admin}/readyz`).then((r) => r.ok, () => false);
		if (ready)
			return gateway;
		await new Promise((r) => setTimeout(r, 50));
	}
	await gateway.stop();
	throw new Error('the gateway was never ready');
}

// The same with one service that answers everything, for the time of a test; it must end with that code (null: it is killed).
export async function startGatewayFor(t, settings = {}, { ends = 0, prefix = [], ...options } = {}) {
	const service = await startRaw((s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
	const gateway = await startGateway({
		AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, GATEWAY_WORKERS: '2', ACCESS_LOG: 'off', ...settings,
	}, prefix, options).catch(async (err) => {
		await service.stop();
		throw err;
	});
	t.after(async () => {
		const code = await gateway.stop();
		await service.stop();
		assert.equal(code, ends);
	});
	return Object.assign(gateway, { service });
}

// A raw TCP server: `on(socket, request)` runs for every whole request (head and Content-Length body), given as a Buffer.
export async function startRaw(on) {
	const sockets = new Set();
	const server = createServer((socket) => {
		let got = Buffer.alloc(0);
		sockets.add(socket);
		socket.setNoDelay(true);
		socket.on('close', () => sockets.delete(socket));
		socket.on('error', () => {});
		socket.on('data', (more) => {
			got = got.length ? Buffer.concat([got, more]) : more;
			for (let size; (size = requestSize(got)) && size <= got.length;) {
				const one = got.subarray(0, size);
				got = got.subarray(size);
				on(socket, one);
			}
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		url: `http://127.0.0.1:${server.address().port}`, sockets,
		stop() {
			for (const s of sockets)
				s.destroy();
			return new Promise((r) => server.close(r));
		},
	};
}

function requestSize(bytes) {
	const end = bytes.indexOf('\r\n\r\n');
	if (end < 0)
		return 0;
	const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.subarray(0, end).toString('latin1'));
	return end + 4 + (length ? Number(length[1]) : 0);
}
