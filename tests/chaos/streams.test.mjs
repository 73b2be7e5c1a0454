// 200 readers of replies while gateway, chat, worker and Redis are killed in turn: what each has put together is the stored reply,
// byte for byte, or it was told an end that says otherwise.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { send, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal, history } from './lib/journal.mjs';
import { assertClean, drained } from './lib/judge.mjs';
import { filler } from './lib/messages.mjs';
import { signal, sleep } from './lib/proc.mjs';
import { isShort, lots, seed } from './lib/random.mjs';
import { eventSourceReader, fetchReader } from './lib/readers.mjs';

const READERS = 200, REPLIES = 40, ROUNDS = isShort ? 1 : 6;
let cluster, people, journal = new Journal(), draw = lots('streams'), ops = [], kills = 0;

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start({ copies: { chat: 2, gateway: 2, 'ai-worker': 2 }, settings: { WORKER_LEASE_MS: '3000', WORKER_ATTEMPTS: '20' } });
	people = await users(cluster, 10);
});
after(() => cluster?.stop());

async function newReply() {
	const tag = `stream-${ops.length}-${seed}`, text = `#${tag} ${filler(draw, 4000)}`;
	const op = { tag, shape: 'long', states: ['complete'], text, content: `${text} [[echo delay=300 chunks=40 chunk_delay=${draw.int(120, 200)}]]` };
	ops.push(op);
	return send(op, draw.pick(people), { bases: cluster.bases, journal, lots: draw });
}

async function killInTurn(stillReading) {
	const turn = [...cluster.all('gateway'), ...cluster.all('chat'), ...cluster.all('ai-worker'), cluster.redis];
	for (let i = 0; stillReading() && i < 20; i++) {
		await sleep(draw.int(400, 1000));
		const target = turn[i % turn.length], pid = target.pid;
		// The second copy of a kind dies when the first is back.
		if (pid && signal(pid, 'SIGKILL')) {
			journal.note(target.name, 'SIGKILL', pid);
			kills++;
		}
	}
}

function assertExact(op, seen, stored) {
	const where = () => {
		let i = 0;
		while (i < seen.text.length && seen.text[i] === stored.content[i])
			i++;
		return `${seen.kind} reader has ${seen.text.length} of ${stored.content.length}, alike up to ${i}: told ${JSON.stringify(seen.text.slice(i - 20, i + 40))}, `
			+ `stored ${JSON.stringify(stored.content.slice(i - 20, i + 40))}; end ${JSON.stringify(seen.end)}, ${seen.cuts} cuts, refusals ${JSON.stringify(seen.refusals)}\n`
			+ `seed ${seed}\n${history({ ...op, endedAt: journal.now() }, [stored], journal)}`;
	};
	assert.ok(seen.end, `was told no end\n${where()}`);
	if (seen.end.type === 'reply.done')
		assert.ok(Buffer.from(seen.text).equals(Buffer.from(stored.content)), where());
	else
		assert.notEqual(stored.state, 'complete', `told ${seen.end.type}, but it is complete\n${where()}`);
}

for (let round = 1; round <= ROUNDS; round++) {
	test(`round ${round}: 200 readers of ${REPLIES} replies, everything is killed in turn`, async () => {
		const replies = await Promise.all(Array.from({ length: REPLIES }, newReply));
		const giveUpAt = Date.now() + 120000;
		let reading = READERS;
		const readers = Array.from({ length: READERS }, async (_, i) => {
			const op = replies[i % REPLIES];
			const address = () => `${cluster.bases[Math.floor(Math.random() * cluster.bases.length)]}/chatroom/${op.user.room}/message/${op.acks[0].reply}/events`;
			const read = i < READERS / 2 ? eventSourceReader : fetchReader;
			const seen = await read(address, op.user.token, { over: () => Date.now() > giveUpAt });
			reading--;
			return { op, seen };
		});
		await killInTurn(() => reading > 0);
		const all = await Promise.all(readers);
		await cluster.heal();
		assert.ok(await drained(cluster, 60000));
		const stored = new Map((await cluster.rows(`select id, state, content from chat.messages where sender = 'gemini'`)).map((m) => [m.id, m]));
		const sum = (f) => all.reduce((n, { seen }) => n + f(seen), 0);
		console.log(`${READERS} readers, ${kills} kills so far, ${sum((s) => s.cuts)} connections, ${sum((s) => s.events)} events, ended: ${JSON.stringify(
			Object.fromEntries(['reply.done', 'reply.failed', 'reply.stopped', 'error'].map((t) => [t, sum((s) => Number(s.end?.type === t))])))}`);
		for (const { op, seen } of all)
			assertExact(op, seen, stored.get(op.acks[0].reply));
		await assertClean(cluster, ops, journal);
	});
}
