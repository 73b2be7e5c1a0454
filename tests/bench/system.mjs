// The whole system under load, beside what bounds it, in one run: `make bench` or `node tests/bench/system.mjs`.
// SECONDS=5 per measurement. PEERS=<folder with fastapi/run.sh> measures FastAPI + Celery in the same run.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signUp } from '../e2e/lib/client.mjs';
import { run, sleep, startStack, until } from '../e2e/lib/stack.mjs';
import { coldStarts } from './cold.mjs';
import { peers } from './peers.mjs';
import { during, num, rssMb, table, wrk, writeFileSync } from './lib.mjs';

const seconds = Number(process.env.SECONDS ?? 5), USERS = 200;
const dir = mkdtempSync(join(tmpdir(), 'castor-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const here = new URL('.', import.meta.url).pathname;
const names = ['gateway', 'auth', 'chat', 'billing', 'ai-worker'];
const big = '1000000000', deep = ['postgres', 'gateway']; // these have children that work

const stack = await startStack({ BASIC_DAILY_MESSAGES: big, ACCESS_TOKEN_S: '3600', FAKE_DELAY_MS: '0', FAKE_CHUNKS: '4', WORKER_CONCURRENCY: '256' });
process.on('SIGINT', () => stack.stop().then(() => process.exit(1)));

async function pids() {
	const all = {};
	for (const n of [...names, 'postgres', 'redis', 'fake-gemini'])
		all[n] = await stack.pid(n);
	return all;
}

async function makeUsers() {
	const users = [];
	for (let i = 0; i < USERS; i += 20)
		users.push(...await Promise.all(Array.from({ length: 20 }, async () => {
			const me = await signUp(stack.base);
			return { me, token: me.tokens.access_token, room: (await me.post('/chatroom', { name: 'bench' })).json.id };
		})));
	return users;
}

function sendScript(users) {
	const file = join(dir, 'send.lua');
	writeFileSync(file, `local t = {${users.map((u) => `{"${u.room}","${u.token}"}`).join(',')}}\nlocal i = 0\n` +
		`request = function()\n i = i % #t + 1\n return wrk.format("POST", "/chatroom/" .. t[i][1] .. "/message",\n` +
		` {["Authorization"] = "Bearer " .. t[i][2], ["Content-Type"] = "application/json"}, '{"content":"Hello, how can I track my order?"}')\nend\n`);
	return file;
}

const owed = async () => Number(await stack.psql('select count(*) from chat.jobs'));
const clear = async () => {
	await stack.psql('truncate chat.jobs, chat.messages, chat.ledger');
	await stack.psql('vacuum analyze chat.quota');
};

async function pgbench(file) {
	const out = await run('pgbench', ['-n', '-M', 'prepared', '-j2', '-c16', `-T${seconds}`, '-D', `users=${USERS}`, '-f', join(here, file),
		stack.env.OWNER_DATABASE_URL]);
	return Number(/tps = ([\d.]+)/.exec(out)[1]);
}

async function accepts(users) {
	const script = sendScript(users), all = await pids();
	await stack.psql(`insert into chat.rooms (id, user_id, name) select md5('bench-room-' || i)::uuid, md5('bench-user-' || i)::uuid, 'b' from generate_series(1, ${USERS}) i`);
	process.kill(all['ai-worker'], 'SIGSTOP'); // accepting alone
	await wrk(stack.base, { seconds: 1, script });
	await clear();
	const m = await during(all, () => wrk(stack.base, { seconds, script }), deep);
	await clear();
	const same = await pgbench('accept.sql');
	await clear();
	const plain = await pgbench('accept_plain.sql');
	await clear();
	await stack.redis('FLUSHALL');
	process.kill(all['ai-worker'], 'SIGCONT');
	const us = m.us(m.result.n), best = Math.max(same, plain);
	return table('a. Accepting messages (202 after commit)', ['what', 'per second', 'ratio to pgbench', 'gateway µs', 'chat µs', 'both µs', 'postgres µs', 'p50 ms', 'p99 ms', 'errors'], [
		['Castor, 64 connections', num(m.result.rps), num(m.result.rps / best, 2), num(us.gateway, 1), num(us.chat, 1), num(us.gateway + us.chat, 1),
			num(us.postgres, 1), num(m.result.p50, 2), num(m.result.p99, 2), m.result.bad],
		['pgbench -c16, the same function, one message per transaction', num(same), num(same / best, 2), '', '', '', '', '', '', ''],
		['pgbench -c16, plain statements, one message per transaction', num(plain), num(plain / best, 2), '', '', '', '', '', '', ''],
	]);
}

async function replies(users, peer) {
	const script = sendScript(users), all = await pids();
	const begin = Date.now();
	const m = await during(all, async () => {
		const sent = await wrk(stack.base, { seconds, script, connections: 16 });
		await until('all stored', async () => (await owed()) === 0, { tries: 1000, everyMs: 200 });
		return sent;
	}, deep);
	const took = (Date.now() - begin) / 1000, stored = Number(await stack.psql(`select count(*) from chat.messages where sender = 'gemini' and state = 'complete'`));
	const rate = stored / took, all_us = m.us(stored), us = all_us['ai-worker'];
	const idle = await idleLatency(users[0]);
	return table('b. From message to stored reply (simulator without delay)', ['what', 'replies/s', 'worker CPU µs per reply', 'send to stored, idle, p50 ms', 'p99 ms',
		'gateway µs', 'chat µs', 'postgres µs', 'redis µs', 'simulator µs'], [
		['Castor', num(rate), num(us, 1), num(idle.p50, 2), num(idle.p99, 2), ...['gateway', 'chat', 'postgres', 'redis', 'fake-gemini'].map((n) => num(all_us[n], 1))],
		...(peer ? [['FastAPI + Celery', num(peer.rate), num(peer.us, 1), num(peer.p50, 2), '', '', '', '', '', ''],
			['ratio', `${num(rate / peer.rate, 1)}×`, `1/${num(peer.us / us, 1)}`, num(idle.p50 / peer.p50, 2), '', '', '', '', '', '']] : []),
	]);
}

// One at a time on an idle system; asked for over the API until it is there.
async function idleLatency(user) {
	const took = [];
	for (let i = 0; i < 200; i++) {
		const before = performance.now();
		const sent = await user.me.post(`/chatroom/${user.room}/message`, { content: 'Hello' });
		for (;;) {
			const { messages } = (await user.me.get(`/chatroom/${user.room}?limit=1`)).json;
			if (messages[0].id === sent.json.reply.id && messages[0].state === 'complete')
				break;
		}
		took.push(performance.now() - before);
		await sleep(5);
	}
	took.sort((a, b) => a - b);
	return { p50: took[100], p99: took[197] };
}

async function reads(users) {
	const all = await pids(), rows = [], token = users[0].token;
	for (let i = 0; i < 10; i++)
		await users[0].me.post('/chatroom', { name: `room ${i}` });
	for (const [path, service] of [['/chatroom', 'chat'], ['/user/me', 'auth'], [`/chatroom/${users[0].room}`, 'chat'], ['/subscription/status', 'billing']]) {
		const m = await during(all, () => wrk(stack.base + path, { seconds, token }), deep), us = m.us(m.result.n);
		rows.push([`GET ${path.replace(/[0-9a-f-]{36}/, '{id}')}`, num(m.result.rps), num(m.result.p50, 2), num(m.result.p99, 2), num(us.gateway, 1), num(us[service], 1), num(us.postgres, 1), m.result.bad]);
	}
	return table('c. Reading (64 connections)', ['call', 'per second', 'p50 ms', 'p99 ms', 'gateway µs', 'service µs', 'postgres µs', 'errors'], rows);
}

async function memory() {
	const all = await pids();
	return Object.fromEntries(names.map((n) => [n, rssMb(all[n], n === 'gateway')]));
}

const idleMb = await memory();
const users = await makeUsers();
let text = `Seconds per measurement: ${seconds}. Two cores, shared with the load generator: ratios and processor time hold, absolute rates do not.\n`;
try {
	const peer = process.env.PEERS && existsSync(process.env.PEERS) ? await peers(process.env.PEERS) : null;
	if (!process.env.ONLY || process.env.ONLY === 'a')
		text += await accepts(users);
	text += await replies(users, peer);
	text += await reads(users);
	const loadedMb = await memory();
	text += table('d. Resident memory, MB', ['process', 'idle', 'after the load'], names.map((n) => [n, num(idleMb[n], 1), num(loadedMb[n], 1)]));
	text += table('e. Cold start, from exec to ready', ['process', 'ms'], (await coldStarts(await pids(), names)).map(([n, t]) => [n, num(t, 0)]));
} finally {
	await stack.stop();
}
if (process.env.OUT)
	writeFileSync(process.env.OUT, text);
