// The context fits the model: its own limit less room for the answer, whatever the setting allows.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { signUp } from './lib/client.mjs';
import { assertInvariants } from './lib/invariants.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, me, room;
const words = 'word '.repeat(160); // 200 tokens by our estimate

before(async () => {
	// 1000 tokens are taken, 300 of them are the answer's.
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000', FAKE_INPUT_TOKENS: '1000', MAX_OUTPUT_TOKENS: '300', FAKE_REPLY_BYTES: '40' });
	me = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
	await until('the limits are known', async () =>
		(await readFile(join(stack.dir, 'log/ai-worker.log'), 'utf8')).includes('"model-limits"'));
});
after(async () => {
	try {
		if (stack)
			await assertInvariants(stack);
	} finally {
		await stack?.stop();
	}
});

async function ask(content) {
	const sent = await me.post(`/chatroom/${room}/message`, { content }, { prefer: 'wait=20' });
	assert.equal(sent.status, 200, sent.text);
	return sent.json.reply;
}

test('the newest turns that fit, and what was left out is told', async () => {
	const told = [];
	for (let i = 0; i < 5; i++)
		told.push((await ask(`${i} ${words}`)).context);
	assert.deepEqual(told.slice(0, 3), [{ turns: 1, left_out: 0 }, { turns: 3, left_out: 0 }, { turns: 5, left_out: 0 }]);
	assert.deepEqual(told.slice(3), [{ turns: 5, left_out: 2 }, { turns: 5, left_out: 4 }]);
});

test('the same in a branched room, and the system prompt counts', async () => {
	const { messages } = (await me.get(`/chatroom/${room}?limit=100`)).json;
	const edited = await me.post(`/chatroom/${room}/message/${messages[6].id}/edit`, { content: `x ${words}` }, { prefer: 'wait=20' });
	assert.deepEqual(edited.json.reply.context, { turns: 5, left_out: 2 });
	const r = await me.call('PATCH', `/chatroom/${room}`, { system_prompt: words });
	assert.equal(r.status, 200, r.text);
	assert.deepEqual((await ask(`y ${words}`)).context, { turns: 3, left_out: 6 });
});

test('the newest message is told even when it is too long', async () => {
	assert.deepEqual((await ask(words.repeat(8))).context, { turns: 1, left_out: 10 });
});

test('what failed, was blocked or is owed is no turn', async () => {
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
	await ask('a [[block=SAFETY]]');
	await ask('b [[status=400]]');
	assert.deepEqual((await ask('c')).context, { turns: 3, left_out: 0 });
});
