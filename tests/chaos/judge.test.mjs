// Who judges the judge: the tables are spoilt by hand, one way after the other, and each way must be found, under its name.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { send, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean, judge } from './lib/judge.mjs';
import { lots, seed } from './lib/random.mjs';

let cluster, journal = new Journal(), draw = { ...lots('judge'), chance: () => false }, ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start();
	const [user] = await users(cluster, 1);
	for (let i = 0; i < 6; i++) {
		const text = `#judged-${i} some words`;
		ops.push(await send({ tag: `judged-${i}`, shape: 'plain', states: ['complete'], text, content: `${text} [[echo]]` }, user,
			{ bases: cluster.bases, journal, lots: draw }));
	}
});
after(() => cluster?.stop());

const message = (i) => ops[i].acks[0].message, reply = (i) => ops[i].acks[0].reply;
const copy = (id) => `insert into chat.messages (room_id, id, parent_id, sender, state, content)
	select room_id, gen_random_uuid(), parent_id, sender, state, content from chat.messages where id = '${id}'`;

const table = [
	['half a text', 'doubled', () => `update chat.messages set content = left(content, 5) where id = '${reply(0)}'`],
	['a message that is gone', 'lost', () => `delete from chat.messages where id in ('${message(1)}', '${reply(1)}')`],
	['a ledger row that is gone', 'ledger', () => `delete from chat.ledger where reply_id = '${reply(2)}'`],
	['a reply that never ended', 'unfinished', () => `update chat.messages set state = 'queued', finished_at = null where id = '${reply(3)}'`],
	['a message twice', 'doubled', () => copy(message(4))],
	['a reply twice', 'doubled', () => copy(reply(5))],
	['a message of nobody', 'unexpected', () => `insert into chat.messages (room_id, id, sender, state, content)
		select room_id, gen_random_uuid(), 'user', 'complete', '#nobody said' from chat.messages limit 1`],
	['a message too many in the quota', 'ledger', () => 'update chat.quota set messages = messages + 1'],
];

test('untouched tables are clean', () => assertClean(cluster, ops, journal));

for (const [what, kind, sql] of table) {
	test(`${what} is found as ${kind}`, async () => {
		const before = (await judge(cluster, ops, journal))[kind].length;
		await cluster.psql(sql());
		assert.ok((await judge(cluster, ops, journal))[kind].length > before);
	});
}
