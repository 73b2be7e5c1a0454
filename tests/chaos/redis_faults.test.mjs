// Redis in trouble, each time with jobs in hand and jobs waiting: messages go on being accepted (202) or are refused cleanly (503),
// work goes on soon after healing, and nothing is lost or doubled. In production Redis keeps nothing over a restart (deploy/setup.sh), as
// here; that it comes back with what it had, or with what it had some time ago, is tried as well.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { ask, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean } from './lib/judge.mjs';
import { filler } from './lib/messages.mjs';
import { signal, sleep } from './lib/proc.mjs';
import { isShort, lots, seed } from './lib/random.mjs';

const RESUME_MS = 10000; // what is promised; judged by twice that, as the machine may be busy
let cluster, people, journal = new Journal(), draw = lots('redis'), ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	// Little room in the worker, so that there are always jobs that wait.
	cluster = await Cluster.start({ copies: { chat: 2 }, settings: { WORKER_CONCURRENCY: '8', WORKER_LEASE_MS: '6000' } });
	people = await users(cluster, 40);
});
after(() => cluster?.stop());

const redis = (...words) => cluster.stack.redis(...words);
const owed = async () => Number(await cluster.psql('select count(*) from chat.jobs'));

async function sendOne(name) {
	const user = draw.pick(people), tag = `${name}-${ops.length}-${seed}`, text = `#${tag} ${filler(draw, draw.int(100, 1000))}`;
	const op = { tag, key: `key-${tag}`, shape: 'slow', states: ['complete'], text, user, acks: [], attempts: [],
		content: `${text} [[echo delay=${draw.int(100, 400)} chunks=5 chunk_delay=${draw.int(10, 60)}]]` };
	ops.push(op);
	while (!op.acks.length) {
		const at = journal.now();
		const r = await ask(`${cluster.base}/chatroom/${user.room}/message`, { token: user.token, body: { content: op.content },
			headers: { 'idempotency-key': op.key }, patienceMs: 40000 });
		op.attempts.push({ at, took: journal.now() - at, outcome: r.outcome, detail: r.json?.code });
		if (r.status === 202) {
			op.acks.push({ message: r.json.id, reply: r.json.reply.id });
		} else {
			assert.equal(r.status, 503, `neither accepted nor refused cleanly: ${r.outcome} ${r.text}; seed ${seed}`);
			assert.match(r.headers.get('content-type'), /^application\/problem\+json/);
			await sleep(300);
		}
	}
}

const sendMany = (n, name) => Promise.all(Array.from({ length: n }, () => sendOne(name)));

// How long until the first waiting job has ended.
async function resumed(before) {
	const began = Date.now(), all = await before();
	while ((await before()) >= all && all > 0)
		await sleep(50);
	return Date.now() - began;
}

async function killAndAwait() {
	const pid = cluster.redis.pid;
	signal(pid, 'SIGKILL');
	while (!cluster.redis.pid || cluster.redis.pid === pid)
		await sleep(20);
	for (let i = 0; i < 500; i++) {
		if (await redis('PING').then((r) => r === 'PONG', () => false))
			return;
		await sleep(20);
	}
	throw new Error('Redis did not come back');
}

const snapshot = () => `${cluster.stack.dir}/redis/dump.rdb`;

const table = {
	'killed, comes back empty': { strike: killAndAwait },
	'killed, comes back with an old snapshot': {
		prepare: () => redis('SAVE'),
		strike: async () => {
			await sleep(1500); // what ends meanwhile is owed again, as Redis remembers it
			await killAndAwait();
		},
		heal: () => rm(snapshot(), { force: true }),
	},
	'shut down in good order, comes back with everything': {
		strike: async () => {
			await redis('SAVE');
			await killAndAwait();
		},
		heal: () => rm(snapshot(), { force: true }),
	},
	FLUSHALL: { strike: () => redis('FLUSHALL') },
	'SCRIPT FLUSH': { strike: () => redis('SCRIPT', 'FLUSH') },
	'out of memory': {
		strike: async () => {
			await redis('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
			await redis('CONFIG', 'SET', 'maxmemory', '1');
		},
		lasts: 3000,
		heal: () => redis('CONFIG', 'SET', 'maxmemory', '0'),
	},
	'read-only': {
		strike: () => redis('REPLICAOF', '127.0.0.1', '1'),
		lasts: 3000,
		heal: () => redis('REPLICAOF', 'NO', 'ONE'),
	},
	frozen: {
		strike: () => signal(cluster.redis.pid, 'SIGSTOP'),
		lasts: isShort ? 8000 : 30000,
		heal: () => signal(cluster.redis.pid, 'SIGCONT'),
	},
};

for (const [name, { prepare, strike, lasts = 0, heal }] of Object.entries(table)) {
	test(`Redis ${name}`, async () => {
		const word = name.split(/[ ,]/)[0];
		await sendMany(40, word);
		await prepare?.();
		while ((await cluster.modelStats()).open_streams === 0)
			await sleep(10);
		const fault = journal.note('redis', name, cluster.redis.pid);
		await strike();
		const meanwhile = sendMany(15, `${word}-meanwhile`);
		await sleep(lasts);
		if (lasts)
			await sendMany(5, `${word}-late`).catch((e) => assert.fail(e.message));
		await meanwhile;
		await heal?.();
		fault.until = journal.now();
		const tookMs = await resumed(owed);
		console.log(`Redis ${name}: the next job ended ${tookMs} ms after healing`);
		await assertClean(cluster, ops, journal);
		assert.ok(tookMs < 2 * RESUME_MS, `resumed after ${tookMs} ms`);
	});
}
