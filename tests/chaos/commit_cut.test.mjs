// The connection to Postgres is cut after a COMMIT was sent and before its answer. Nobody can know then what became of it; the
// Idempotency-Key tells the truth afterwards, and a worker that stores again stores nothing twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean, drained } from './lib/judge.mjs';
import { message } from './lib/messages.mjs';
import { pgCut } from './lib/pg_cut.mjs';
import { isShort, lots, seed } from './lib/random.mjs';

const ROUNDS = isShort ? 4 : 20;
let cluster, user, cuts = {}, journal = new Journal(), draw = lots('cut'), ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start({
		settings: { WORKER_LEASE_MS: '2000', PG_CONNECTIONS: '2' },
		env: async (name, env) => {
			if (name !== 'chat' && name !== 'ai-worker')
				return env;
			cuts[name] = await pgCut(env.DATABASE_URL);
			return { ...env, DATABASE_URL: cuts[name].url };
		},
	});
	[user] = await users(cluster, 1);
});
after(async () => {
	await cluster?.stop();
	for (const c of Object.values(cuts))
		await c.close();
});

function newOp(name) {
	let op;
	do
		op = message(draw, `${name}-${ops.length}-${seed}`);
	while (op.shape !== 'plain' && op.shape !== 'slow');
	ops.push(Object.assign(op, { key: `key-${op.tag}`, user, attempts: [], acks: [] }));
	return op;
}

async function attempt(op, headers = { 'idempotency-key': op.key }) {
	const at = journal.now();
	const r = await ask(`${cluster.base}/chatroom/${user.room}/message`, { token: user.token, body: { content: op.content }, headers, patienceMs: 20000 });
	op.attempts.push({ at, took: journal.now() - at, outcome: r.outcome, detail: r.json?.code });
	if (r.status === 202)
		op.acks.push({ message: r.json.id, reply: r.json.reply.id });
	return r;
}

async function untilAccepted(op) {
	for (let i = 0; i < 100; i++) {
		const r = await attempt(op);
		if (r.status === 202)
			return r;
		assert.equal(r.status, 503, `${r.outcome} ${r.text}; seed ${seed}`);
		await new Promise((done) => setTimeout(done, 50));
	}
	assert.fail(`never accepted; seed ${seed}`);
}

async function assertAllRight() {
	await assertClean(cluster, ops, journal);
}

for (const how of ['answered', 'sent']) {
	test(`chat: accepting, cut when the statement was ${how}; the same key tells what became of it`, async () => {
		let unsure = 0, replayed = 0;
		for (let i = 0; i < ROUNDS; i++) {
			const op = newOp(`accept-${how}`);
			const cut = cuts.chat.arm('accept_messages', how);
			const first = await attempt(op);
			assert.ok(cut.fired && (how === 'sent' || cut.lost > 0), 'the statement came by, and its answer was lost');
			journal.note('connection of chat', `cut (${how}, ${cut.lost} bytes lost)`, 0);
			assert.ok(first.status === 202 || first.status === 503, `${first.outcome}; seed ${seed}`);
			unsure += first.status === 503;
			const second = await untilAccepted(op), third = await untilAccepted(op);
			replayed += second.headers.get('idempotent-replayed') === 'true';
			assert.equal(third.headers.get('idempotent-replayed'), 'true');
			if (how === 'answered')
				assert.equal(second.headers.get('idempotent-replayed'), 'true', `it was committed, and is not known; seed ${seed}`);
			assert.equal(await cluster.psql(`select count(*) from chat.messages where content = '${op.content}'`), '1');
		}
		console.log(`${ROUNDS} rounds: ${unsure} times 503 at first, ${replayed} times committed all the same`);
		await assertAllRight();
	});
}

test('chat: without a key, a cut is told as 503, never as 202 of a message that is not there', async () => {
	for (let i = 0; i < ROUNDS; i++) {
		const op = newOp('keyless');
		cuts.chat.arm('accept_messages', 'answered');
		const r = await attempt(op, {});
		assert.ok(r.status === 503 || r.status === 202, `${r.outcome}; seed ${seed}`);
		assert.equal(await cluster.psql(`select count(*) from chat.messages where content = '${op.content}'`), '1', `seed ${seed}`);
	}
	await assertAllRight();
});

for (const name of ['worker_claim', 'worker_finish', 'worker_release']) {
	for (const how of ['answered', 'sent']) {
		test(`worker: ${name}, cut when it was ${how}; the reply is stored once, and paid for once`, async () => {
			for (let i = 0; i < ROUNDS / 2; i++) {
				const op = newOp(name);
				if (name === 'worker_release') {
					op.content = op.content.replace('[[echo', '[[echo fail_times=1 status=503');
					op.shape = 'busy';
				}
				const cut = cuts['ai-worker'].arm(name, how);
				await untilAccepted(op);
				await drained(cluster, 30000);
				assert.ok(cut.fired && (how === 'sent' || cut.lost > 0), 'the statement came by, and its answer was lost');
				journal.note('connection of the worker', `cut (${name}, ${how}, ${cut.lost} bytes lost)`, 0);
			}
			await assertAllRight();
		});
	}
}
