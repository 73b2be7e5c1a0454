// Many messages at once into one room, through two copies of chat: each reply answers its own message, whatever order the ids of the two
// copies have among each other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { send, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean } from './lib/judge.mjs';
import { filler } from './lib/messages.mjs';
import { lots, seed } from './lib/random.mjs';

let cluster, user, journal = new Journal(), draw = lots('one room'), ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start({ copies: { chat: 2, gateway: 2 } });
	[user] = await users(cluster, 1);
});
after(() => cluster?.stop());

function newMessage() {
	const tag = `room-${ops.length}-${seed}`, text = `#${tag} ${filler(draw, 100)}`;
	const op = { tag, shape: 'plain', states: ['complete'], text, content: `${text} [[echo]]` };
	ops.push(op);
	return send(op, user, { bases: cluster.bases, journal, lots: draw });
}

test('200 messages at once into one room, ten times: each reply answers its own message', async () => {
	for (let round = 0; round < 10; round++)
		await Promise.all(Array.from({ length: 200 }, newMessage));
	await assertClean(cluster, ops, journal);
});
