// Many at once: every accepted message ends in exactly one stored reply, and quotas are exact.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, signUp } from './lib/client.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack;

before(async () => {
	stack = await startStack();
});
after(() => stack?.stop());

async function userWithRoom() {
	const me = await signUp(stack.base);
	return { me, room: (await me.post('/chatroom', { name: 'r' })).json.id };
}

test('200 users x 5 messages at once: 1000 times 202, 1000 replies, each one once', async () => {
	const users = [];
	for (let i = 0; i < 200; i += 20)
		users.push(...await Promise.all(Array.from({ length: 20 }, userWithRoom)));
	const answers = (await Promise.all(users.map(({ me, room }) => Promise.all(
		Array.from({ length: 5 }, (_, i) => me.post(`/chatroom/${room}/message`, { content: `message ${i}` })))))).flat();
	for (const r of answers)
		assert.equal(r.status, 202, r.text);
	const promised = new Set(answers.map((r) => r.json.reply.id));
	assert.equal(promised.size, 1000);
	await until('all replies are stored', async () => (await stack.psql('select count(*) from chat.jobs')) === '0');
	for (const { me, room } of users) {
		const { messages } = (await me.get(`/chatroom/${room}`)).json;
		const replies = messages.filter((m) => m.sender === 'gemini');
		assert.equal(messages.length, 10);
		assert.ok(replies.every((m) => m.state === 'complete' && m.content && promised.delete(m.id)));
		assert.equal(new Set(replies.map((m) => m.parent_id)).size, 5);
	}
	assert.equal(promised.size, 0);
	assert.equal(await stack.psql('select count(*) from chat.ledger'), '1000');
});

test('50 sends at once with 5 left: 5 accepted, 45 told when the next is possible', async () => {
	const { me, room } = await userWithRoom();
	const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => me.post(`/chatroom/${room}/message`, { content: `m ${i}` })));
	const accepted = answers.filter((r) => r.status === 202);
	assert.equal(accepted.length, 5);
	for (const r of answers.filter((a) => a.status !== 202)) {
		assertProblem(r, 429, 'quota_exceeded');
		const wait = Number(r.headers.get('retry-after'));
		assert.ok(wait > 0 && wait <= 86400);
		assert.match(r.json.detail, /\d{4}-\d\d-\d\dT00:00:00Z/);
		assert.match(r.headers.get('ratelimit-policy'), /"messages-day";q=5;w=86400/);
	}
	await until('replies', async () => (await stack.psql('select count(*) from chat.jobs')) === '0');
	const { messages } = (await me.get(`/chatroom/${room}`)).json;
	assert.equal(messages.length, 10, 'the refused ones left nothing');
});

test('one Idempotency-Key many times at once, with nothing left: nobody is told 202', async () => {
	const { me, room } = await userWithRoom();
	for (let i = 0; i < 5; i++)
		assert.equal((await me.post(`/chatroom/${room}/message`, { content: `m ${i}` })).status, 202);
	for (let round = 0; round < 10; round++) {
		const answers = await Promise.all(Array.from({ length: 8 }, () =>
			me.post(`/chatroom/${room}/message`, { content: 'over' }, { 'idempotency-key': `over-${round}` })));
		assert.deepEqual(answers.map((r) => r.status), Array(8).fill(429));
	}
	assert.equal(await stack.psql(`select count(*) from chat.messages where content = 'over'`), '0');
	assert.equal(await stack.psql(`select count(*) from chat.idempotency where key like 'over-%'`), '0');
});

test('a reply that failed gives its message of the day back', async () => {
	const { me, room } = await userWithRoom();
	const sent = await me.post(`/chatroom/${room}/message`, { content: 'x [[status=400]]' });
	assert.equal(sent.status, 202);
	const reply = await until('its end', async () => (await me.get(`/chatroom/${room}`)).json.messages
		.find((m) => m.id === sent.json.reply.id && m.state !== 'queued' && m.state !== 'generating'));
	assert.equal(reply.state, 'failed');
	assert.ok(reply.error);
	for (let i = 0; i < 5; i++)
		assert.equal((await me.post(`/chatroom/${room}/message`, { content: `y ${i}` })).status, 202);
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: 'z' }), 429);
});

test('states are honest', async () => {
	const table = [['[[no_finish]] cut', 'incomplete'], ['[[cut_after=2 ]][[chunks=4]] cut', 'incomplete'], ['[[finish=MAX_TOKENS]] long', 'truncated'],
		['[[block=SAFETY]] bad', 'blocked'], ['[[fail_times=2 status=503]] later', 'complete']];
	for (const [content, state] of table) {
		const { me, room } = await userWithRoom();
		const sent = await me.post(`/chatroom/${room}/message`, { content: content.replace('=2 ]]', '=2]]') });
		const reply = await until(state, async () => (await me.get(`/chatroom/${room}`)).json.messages
			.find((m) => m.id === sent.json.reply.id && m.state !== 'queued' && m.state !== 'generating'));
		assert.equal(reply.state, state, content);
	}
});
