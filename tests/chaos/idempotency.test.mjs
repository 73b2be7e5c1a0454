// One Idempotency-Key, many at once, through two gateways and two copies of chat: one message. Another body under it: 422.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean } from './lib/judge.mjs';
import { message } from './lib/messages.mjs';
import { isShort, lots, seed } from './lib/random.mjs';

const ROUNDS = isShort ? 5 : 30;
let cluster, user, journal = new Journal(), draw = lots('idempotency'), ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start({ copies: { chat: 2, gateway: 2 } });
	[user] = await users(cluster, 1);
});
after(() => cluster?.stop());

const post = (i, key, content) => ask(`${cluster.bases[i % 2]}/chatroom/${user.room}/message`,
	{ token: user.token, body: { content }, headers: { 'idempotency-key': key }, patienceMs: 30000 });

function newOp() {
	const op = Object.assign(message(draw, `same-${ops.length}-${seed}`), { user, attempts: [{ at: 0, took: 0, outcome: '202' }], acks: [] });
	op.key = `key-${op.tag}`;
	op.content = `${op.text} [[echo]]`;
	op.states = ['complete'];
	ops.push(op);
	return op;
}

test('100 requests with one key at once make one message, and all are told of it', async () => {
	for (let round = 0; round < ROUNDS; round++) {
		const op = newOp();
		const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => post(i, op.key, op.content)));
		assert.deepEqual([...new Set(answers.map((r) => r.outcome))], ['202'], `seed ${seed}`);
		assert.equal(answers.filter((r) => r.headers.get('idempotent-replayed') !== 'true').length, 1, `seed ${seed}`);
		op.acks = answers.map((r) => ({ message: r.json.id, reply: r.json.reply.id }));
	}
});

test('two bodies at once under one key: one wins, the other is always 422', async () => {
	for (let round = 0; round < ROUNDS; round++) {
		const one = newOp(), two = newOp();
		const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => post(draw.int(0, 1), one.key, (i % 3 ? one : two).content)));
		const won = answers.filter((r) => r.status === 202), refused = answers.filter((r) => r.status === 422);
		assert.equal(won.length + refused.length, 100, `${answers.map((r) => r.outcome)}; seed ${seed}`);
		assert.equal(new Set(won.map((r) => r.json.id)).size, 1, `seed ${seed}`);
		assert.ok(refused.every((r) => r.json.code === 'idempotency_key_reused'));
		const op = won[0].json.content === one.content ? one : two;
		assert.equal(won.length, op === one ? 66 : 34, `seed ${seed}`);
		op.acks = won.map((r) => ({ message: r.json.id, reply: r.json.reply.id }));
	}
});

test('many keys at once, each several times, mixed: each makes one message, and a later repetition is told of the same', async () => {
	for (let round = 0; round < ROUNDS; round++) {
		const many = Array.from({ length: 60 }, newOp);
		const mixed = Array.from({ length: 240 }, () => draw.pick(many)).concat(many);
		const ask = (op, i) => post(i, op.key, op.content).then((r) => {
			assert.equal(r.status, 202, `${r.outcome}; seed ${seed}`);
			op.acks.push({ message: r.json.id, reply: r.json.reply.id });
		});
		await Promise.all(mixed.map(ask));
		await Promise.all(many.map(ask));
	}
});

test('the tables agree', async () => {
	await assertClean(cluster, ops, journal);
});
