// Settings, program and process are changed under load: no request fails, no stream loses a byte.
//
// In plain and by TLS: connections that are kept, bodies that are half sent, requests that are pipelined, streams.
// CHANGES=10 CONNECTIONS=500 STREAMS=100: the full proof (tests/chaos/reload.sh); without, a short form.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { signUp } from './lib/client.mjs';
import { startLoad } from './lib/load.mjs';
import { startPipelines, startPosts } from './lib/load_raw.mjs';
import { freePort, run, sleep, startStack, until } from './lib/stack.mjs';

const changes = Number(process.env.CHANGES ?? 3);
const connections = Number(process.env.CONNECTIONS ?? 100);
const streams = Number(process.env.STREAMS ?? 20);
const workers = 2;
const settings = {
	GATEWAY_WORKERS: String(workers), LISTEN_SHARED: 'yes', DRAIN_IDLE_MS: '3000', ACCESS_LOG: 'off', GATEWAY_CONNECTION_REQUESTS: '1000000',
};
let stack, me, dir, tlsBase;

before(async () => {
	dir = await mkdtemp(join(tmpdir(), 'castor-reload-'));
	Object.assign(settings, {
		GATEWAY_TLS_LISTEN: `127.0.0.1:${await freePort()}`, GATEWAY_TLS_CERT: join(dir, 'pem'), GATEWAY_TLS_KEY: join(dir, 'key'),
	});
	tlsBase = `https://${settings.GATEWAY_TLS_LISTEN}`;
	await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=a.test',
		'-addext', 'subjectAltName=DNS:a.test', '-keyout', settings.GATEWAY_TLS_KEY, '-out', settings.GATEWAY_TLS_CERT]);
	stack = await startStack({ BASIC_DAILY_MESSAGES: '100000', BASIC_CONCURRENT: '100', STREAMS_PER_USER: '1000', ...settings });
	me = await signUp(stack.base);
});
after(async () => {
	await stack?.stop();
	await rm(dir, { recursive: true });
});

const metrics = async (base = stack.env.GATEWAY_ADMIN_URL) => {
	const text = await (await fetch(`${base}/metrics`, { headers: { connection: 'close' } })).text();
	return (name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1] ?? NaN);
};
const complete = async () => (await metrics())('gateway_changes_total{result="complete"}');
const serving = async () => (await metrics())('gateway_workers{state="serving"}');

// One stream, from the first byte to the last; a clean end before the last event is a handover, and resumed.
async function follow({ room, reply }) {
	let text = '', lastId, handovers = 0;
	for (;;) {
		const r = await fetch(`${stack.base}/chatroom/${room}/message/${reply}/events`, {
			headers: { authorization: `Bearer ${me.tokens.access_token}`, ...(lastId && { 'last-event-id': lastId }) },
		});
		assert.equal(r.status, 200);
		let bytes = '';
		for await (const piece of r.body.pipeThrough(new TextDecoderStream()))
			bytes += piece; // throws if the stream is cut
		assert.ok(bytes.endsWith('\n\n'), 'it ends between two events');
		for (const one of bytes.split('\n\n')) {
			const fields = Object.fromEntries(one.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
			lastId = fields.id ?? lastId;
			if (fields.event === 'reply.started')
				text = '';
			else if (fields.event === 'reply.delta')
				text += JSON.parse(fields.data).text;
			else if (fields.event?.startsWith('reply.') && fields.event !== 'reply.queued')
				return { room, reply, text, handovers };
		}
		handovers++;
	}
}

async function startStreams(howLong) {
	const replies = [];
	for (let i = 0; i < streams; i++) {
		const room = (await me.post('/chatroom', { name: 'r' })).json.id;
		const sent = await me.post(`/chatroom/${room}/message`, { content: `${i} [[chunks=${howLong * 5}]] [[chunk_delay=200]] [[bytes=4000]]` });
		assert.equal(sent.status, 202, sent.text);
		replies.push({ room, reply: sent.json.reply.id });
	}
	return Promise.all(replies.map(follow));
}

// Every kind of client, `connections` of them that ask for a short answer again and again in plain, fewer of the others.
function startClients() {
	const path = '/.well-known/jwks.json', share = (part) => Math.ceil(connections * part);
	const secure = { base: tlsBase, path, headers: { host: 'a.test' }, options: { rejectUnauthorized: false, servername: 'a.test' } };
	return {
		busy: startLoad({ base: stack.base, path, connections: share(0.5) }),
		lazy: startLoad({ base: stack.base, path, connections: share(0.5), pauseMs: 100 }),
		'busy by TLS': startLoad({ ...secure, connections: share(0.1) }),
		'lazy by TLS': startLoad({ ...secure, connections: share(0.2), pauseMs: 100 }),
		posting: startPosts({ base: stack.base, connections: share(0.1), pauseMs: 1500 }),
		'posting by TLS': startPosts({ base: tlsBase, connections: share(0.1), pauseMs: 1500 }),
		pipelining: startPipelines({ base: stack.base, connections: share(0.02) }),
		'pipelining by TLS': startPipelines({ base: tlsBase, connections: share(0.02) }),
	};
}

// Runs `change` under load and streams; nothing may fail.
async function underLoad(howLong, change) {
	const following = startStreams(howLong);
	following.catch(() => {});
	const clients = startClients();
	try {
		await sleep(300);
		await change();
		await sleep(500);
	} finally {
		await Promise.all(Object.values(clients).map((c) => c.stop())); // they would go on for ever
	}
	for (const [kind, { out }] of Object.entries(clients)) {
		assert.deepEqual(out.failures, [], kind);
		assert.ok(out.requests > 10 && out.closes > 0, `${kind}: ${out.requests} requests, ${out.closes} connections were moved`);
	}
	const ended = await following;
	assert.equal(ended.length, streams);
	for (const { room, reply, text } of ended) {
		const { messages } = (await me.get(`/chatroom/${room}`)).json;
		assert.equal(text, messages.find((m) => m.id === reply).content);
	}
	return { handovers: ended.reduce((n, s) => n + s.handovers, 0) };
}

async function changedBy(signal, pid) {
	const before = signal === 'SIGUSR2' ? 0 : await complete();
	const started = await readLog();
	process.kill(pid, signal);
	await until(`${signal} done`, async () => (await readLog()).split('"workers-ready"').length > started.split('"workers-ready"').length);
	if (signal === 'SIGHUP')
		assert.equal(await complete(), before + 1);
	assert.equal(await serving(), workers);
}
const readLog = () => readFile(join(stack.dir, 'log/gateway.log'), 'utf8');

test('SIGHUP: new workers with the settings as they are now, nothing lost', async () => {
	const pid = await stack.pid('gateway');
	const { handovers } = await underLoad(6, async () => {
		for (let i = 0; i < changes; i++)
			await changedBy('SIGHUP', pid);
	});
	assert.equal(handovers, 0, 'streams stay where they are');
	assert.equal(await stack.pid('gateway'), pid);
});

test('SIGUSR2: another program in the same process, nothing lost', async () => {
	const pid = await stack.pid('gateway');
	const { handovers } = await underLoad(6, async () => {
		for (let i = 0; i < changes; i++)
			await changedBy('SIGUSR2', pid);
	});
	assert.equal(handovers, 0);
	assert.equal(await stack.pid('gateway'), pid, 'the process stays');
});

// Another gateway at the same address, with an admin listener of its own.
async function startSuccessor() {
	const admin = `127.0.0.1:${await freePort()}`;
	const { AUTH_URL, CHAT_URL, BILLING_URL, REDIS_URL, CASTOR_ENV } = stack.env;
	const env = {
		AUTH_URL, CHAT_URL, BILLING_URL, REDIS_URL, CASTOR_ENV, ...settings, PATH: process.env.PATH,
		LISTEN: new URL(stack.base).host, JWT_PUBLIC_KEY_FILE: join(stack.dir, 'secrets/jwt.pub'),
	};
	const log = openSync(join(stack.dir, 'log/successor.log'), 'a');
	const child = spawn(join(process.env.BUILD ?? process.env.CASTOR_BUILD ?? 'build', 'bin/gateway'), [], {
		env: { ...env, ADMIN_LISTEN: admin }, stdio: ['ignore', log, log],
		cwd: new URL('../..', import.meta.url).pathname,
	});
	after(() => child.kill('SIGKILL'));
	const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
	await until('the successor is ready', () => fetch(`http://${admin}/readyz`).then((r) => r.ok, () => false));
	return { end: () => (child.kill('SIGTERM'), ended) };
}

test('SIGTERM beside a successor: nothing lost, streams go on there', async () => {
	const { handovers } = await underLoad(12, async () => {
		for (let i = 0; i < changes; i++) {
			const pid = await stack.pid('gateway');
			const successor = await startSuccessor();
			process.kill(pid, 'SIGTERM');
			await until('the stack starts another', async () => (await stack.pid('gateway')) !== pid);
			await until('it is ready', () => fetch(`${stack.env.GATEWAY_ADMIN_URL}/readyz`).then((r) => r.ok, () => false));
			assert.equal(await successor.end(), 0);
		}
	});
	assert.ok(handovers > 0, 'streams were handed over');
});

test('a worker that is killed is replaced', async () => {
	const pid = await stack.pid('gateway');
	const children = async () => (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
	const deaths = async () => (await metrics())('gateway_worker_deaths_total');
	await until('only those that serve are left', async () => (await children()).length === workers);
	const before = await deaths();
	process.kill(Number((await children())[0]), 'SIGKILL');
	await until('its death is counted', async () => (await deaths()) === before + 1);
	await until('another serves', async () => (await serving()) === workers);
	// A kept connection may have been the dead one's.
	await until('requests are answered', () => me.get('/user/me').then((r) => r.status === 200, () => false));
});
