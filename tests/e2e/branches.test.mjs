// A conversation that branches: edits, new replies, switching between them; and what the model is told of it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertProblem, signUp } from './lib/client.mjs';
import { assertInvariants } from './lib/invariants.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, me, other, room;

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000' });
	me = await signUp(stack.base);
	other = await signUp(stack.base);
});
beforeEach(async () => {
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
});
after(async () => {
	try {
		if (stack)
			await assertInvariants(stack);
	} finally {
		await stack?.stop();
	}
});

const patch = (body, who = me, id = room) => who.call('PATCH', `/chatroom/${id}`, body);
const show = async (query = '') => (await me.get(`/chatroom/${room}${query}`)).json;
const texts = async (query) => (await show(query)).messages.map((m) => m.content);

async function ended(reply, where = room) {
	return until('the end of a reply', async () => (await me.get(`/chatroom/${where}?branches=all&limit=100`)).json.messages
		.find((m) => m.id === reply && !['queued', 'generating'].includes(m.state)));
}

// `echo` has the simulator say the prompt, so that replies tell which message they answer.
async function ask(path, content, headers) {
	const r = await me.post(`/chatroom/${room}/message${path}`, content && { content: `${content} [[echo]]` }, headers);
	assert.equal(r.status, 202, r.text);
	await ended(r.json.reply.id);
	return r.json;
}
const send = (content) => ask('', content);
const edit = (m, content) => ask(`/${m.id}/edit`, content);
const regenerate = (m) => ask(`/${m.reply.id}/regenerate`);
const words = (list) => list.map((c) => c.replace(' [[echo]]', '').trim());

test('a room that never branched: each message follows the reply before it', async () => {
	const a = await send('one'), b = await send('two');
	const { messages, active_message_id } = await show();
	assert.deepEqual(messages.map((m) => m.parent_id), [undefined, a.id, a.reply.id, b.id]);
	assert.equal(active_message_id, b.reply.id);
	assert.ok(messages.every((m) => m.siblings === undefined));
	assert.equal(await stack.psql(`select branched from chat.rooms where id = '${room}'`), 'f');
});

test('messages sent at once follow each other', async () => {
	const sent = await Promise.all(Array.from({ length: 20 }, (_, i) => me.post(`/chatroom/${room}/message`, { content: `m${i}` })));
	assert.ok(sent.every((r) => r.status === 202));
	const { messages } = await show('?limit=100');
	assert.equal(messages.length, 40);
	messages.forEach((m, i) => assert.equal(m.parent_id, messages[i - 1]?.id));
	await Promise.all(sent.map((r) => ended(r.json.reply.id)));
});

test('an edited message is a sibling with a reply of its own, and becomes the active branch', async () => {
	const first = await send('one'), second = await send('two');
	const edited = await edit(second, 'two again');
	assert.equal(edited.content, 'two again [[echo]]');
	assert.deepEqual(words(await texts()), ['one', 'one', 'two again', 'two again']);
	const shown = (await show()).messages;
	assert.equal(shown[2].parent_id, first.reply.id);
	assert.deepEqual(shown[2].siblings, [second.id, edited.id]);
	assert.equal(shown[1].siblings, undefined);
	assert.equal((await show('?branches=all')).messages.length, 6);

	const next = await send('three');
	assert.equal((await show()).messages.at(-2).parent_id, edited.reply.id);
	assert.deepEqual(words(await texts()), ['one', 'one', 'two again', 'two again', 'three', 'three']);
	assert.equal(next.reply.parent_id, next.id);
});

test('the first message can be edited, too', async () => {
	const a = await send('one');
	const b = await edit(a, 'uno');
	const c = await edit(b, 'eins');
	assert.deepEqual(words(await texts()), ['eins', 'eins']);
	assert.deepEqual((await show()).messages[0].siblings, [a.id, b.id, c.id]);
});

test('a reply made anew stands beside the first; its message stays', async () => {
	const a = await send('one');
	const b = await regenerate(a);
	assert.equal(b.id, a.id);
	assert.equal(b.content, a.content);
	assert.equal(b.created_at, a.created_at);
	assert.notEqual(b.reply.id, a.reply.id);
	const { messages } = await show();
	assert.deepEqual(messages.map((m) => m.id), [a.id, b.reply.id]);
	assert.deepEqual(messages[1].siblings, [a.reply.id, b.reply.id]);
});

test('a branch is made active again: to the newest message below the one named', async () => {
	const a = await send('one'), b = await send('two');
	await edit(a, 'uno');
	const c = await edit(b, 'two again'); // of the branch that is not active
	await send('three');
	assert.deepEqual(words(await texts()), ['one', 'one', 'two again', 'two again', 'three', 'three']);
	await edit(a, 'eins');
	assert.deepEqual(words(await texts()), ['eins', 'eins']);

	const back = await patch({ active_message_id: a.id });
	assert.equal(back.status, 200, back.text);
	assert.deepEqual(words(await texts()), ['one', 'one', 'two again', 'two again', 'three', 'three']);
	await patch({ active_message_id: b.id });
	assert.deepEqual(words(await texts()), ['one', 'one', 'two', 'two']);
	await patch({ active_message_id: c.reply.id });
	assert.equal((await show()).messages.at(-1).content.trim(), 'three');
});

test('the model is told the branch of the reply, and no other', async () => {
	const long = (name) => `${name} ${'x'.repeat(100)}`;
	const a = await send(long('A'));
	await send(long('B'));
	const c = await edit(a, 'short');
	const shown = (await show()).messages.at(-1);
	assert.equal(shown.id, c.reply.id);
	assert.deepEqual(shown.context, { turns: 1, left_out: 0 });
	const d = await send('next');
	const last = (await show()).messages.at(-1);
	assert.equal(last.id, d.reply.id);
	assert.deepEqual(last.context, { turns: 3, left_out: 0 });
	assert.ok(last.usage.prompt_tokens < 30, JSON.stringify(last.usage));
});

test('a branched room in pages: nothing lost, nothing twice', async () => {
	const a = await send('one');
	await edit(a, 'uno');
	for (let i = 0; i < 4; i++)
		await send(`m${i}`);
	const whole = (await show('?limit=100')).messages.map((m) => m.id), pages = [];
	assert.equal(whole.length, 10);
	for (let cursor = ''; cursor !== null;) {
		const page = await show(`?limit=3${cursor && `&cursor=${cursor}`}`);
		pages.unshift(...page.messages.map((m) => m.id));
		cursor = page.next_cursor;
	}
	assert.deepEqual(pages, whole);
});

test('an Idempotency-Key holds for edits and new replies, and belongs to one request', async () => {
	const a = await send('one');
	const key = (k) => ({ 'idempotency-key': k });
	const once = await ask(`/${a.id}/edit`, 'uno', key('k1')), again = await ask(`/${a.id}/edit`, 'uno', key('k1'));
	assert.equal(again.reply.id, once.reply.id);
	const r1 = await ask(`/${a.reply.id}/regenerate`, undefined, key('k2'));
	const r2 = await ask(`/${a.reply.id}/regenerate`, undefined, key('k2'));
	assert.equal(r2.reply.id, r1.reply.id);
	assert.equal(r2.id, a.id);
	assert.equal(r2.content, a.content);
	assertProblem(await me.post(`/chatroom/${room}/message/${once.reply.id}/regenerate`, undefined, key('k2')), 422, 'idempotency_key_reused');
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: 'uno [[echo]]' }, key('k1')), 422, 'idempotency_key_reused');
	assert.equal((await show('?branches=all')).messages.length, 5);
});

test('a reply that is owed cannot be made anew; one that ended can be awaited or streamed', async () => {
	const slow = await me.post(`/chatroom/${room}/message`, { content: 'wait [[hang]]' });
	assertProblem(await me.post(`/chatroom/${room}/message/${slow.json.reply.id}/regenerate`), 409, 'reply_not_ended');
	await me.post(`/chatroom/${room}/message/${slow.json.reply.id}/stop`);
	await ended(slow.json.reply.id);
	const a = await send('one');
	const waited = await me.post(`/chatroom/${room}/message/${a.reply.id}/regenerate`, undefined, { prefer: 'wait=20' });
	assert.equal(waited.status, 200, waited.text);
	assert.equal(waited.json.reply.state, 'complete');
	const streamed = await me.post(`/chatroom/${room}/message/${a.id}/edit`, { content: 'uno' }, { accept: 'text/event-stream' });
	assert.equal(streamed.status, 200);
	assert.match(streamed.text, /event: message.accepted[^]*event: reply.done/);
});

test('a room is renamed and given a system prompt, which the model is told', async () => {
	const made = await me.post('/chatroom', { name: 'with', system_prompt: 'Be brief.' });
	assert.equal(made.status, 201, made.text);
	assert.equal(made.json.system_prompt, 'Be brief.');
	const plain = (await show()).system_prompt;
	assert.equal(plain, undefined);
	const before = await send('count me');
	const changed = await patch({ name: 'new name', system_prompt: 'word '.repeat(400) });
	assert.equal(changed.status, 200, changed.text);
	assert.equal(changed.json.name, 'new name');
	assert.equal((await show()).system_prompt, 'word '.repeat(400));
	const with_prompt = await regenerate(before);
	const tokens = async (id) => (await ended(id)).usage.prompt_tokens;
	assert.ok(await tokens(with_prompt.reply.id) > await tokens(before.reply.id) + 300);
	const cleared = await patch({ system_prompt: '' });
	assert.equal(cleared.json.system_prompt, undefined);
	assert.equal(cleared.json.name, 'new name');
});

test('bad input', async () => {
	const a = await send('one');
	const elsewhere = (await me.post('/chatroom', { name: 'elsewhere' })).json.id;
	const theirs = (await other.post('/chatroom', { name: 'theirs' })).json.id;
	const counts = () => stack.psql('select (select count(*) from chat.messages), (select sum(messages) from chat.quota), (select count(*) from chat.idempotency)');
	const before = await counts();
	const at = (id, what, where = room) => `/chatroom/${where}/message/${id}/${what}`;
	const nil = '0190a5c0-0000-7000-8000-000000000000';
	for (const [who, path, body] of [
		[me, at(a.reply.id, 'edit'), { content: 'x' }], [me, at(a.id, 'regenerate')], [me, at(nil, 'edit'), { content: 'x' }],
		[me, at(nil, 'regenerate')], [me, at('7', 'edit'), { content: 'x' }], [me, at('x', 'regenerate')],
		[me, at(a.id, 'edit', elsewhere), { content: 'x' }], [me, at(a.reply.id, 'regenerate', elsewhere)],
		[other, at(a.id, 'edit'), { content: 'x' }], [other, at(a.reply.id, 'regenerate')],
		[other, at(a.id, 'edit', theirs), { content: 'x' }], [me, at(a.id, 'edit', nil), { content: 'x' }],
	]) {
		assertProblem(await who.post(path, body), 404, 'not_found');
		assertProblem(await who.post(path, body, { 'idempotency-key': 'bad' }), 404, 'not_found');
	}
	for (const body of [{}, { content: '' }, { content: 7 }, { content: 'x', more: 1 }])
		assertProblem(await me.post(at(a.id, 'edit'), body), 400);
	assertProblem(await me.post(at(a.id, 'edit'), { content: 'x'.repeat(70000) }), 400);
	assertProblem(await me.post(at(a.id, 'edit'), { content: 'x' }, { 'idempotency-key': '' }), 400);
	for (const body of [{}, { name: '' }, { name: 'x'.repeat(121) }, { name: 7 }, { system_prompt: 'x'.repeat(8001) },
		{ active_message_id: 'x' }, { active_message_id: nil }, { user_id: nil }, { name: null }])
		assertProblem(await patch(body), 400);
	assertProblem(await patch({ active_message_id: a.id }, me, elsewhere), 400);
	assertProblem(await patch({ name: 'x' }, other), 404);
	assertProblem(await patch({ name: 'x' }, me, nil), 404);
	assertProblem(await me.post('/chatroom', { name: 'x', system_prompt: 'x'.repeat(8001) }), 400);
	assertProblem(await me.get(`/chatroom/${room}?branches=some`), 400);
	assert.equal(await counts(), before);
	assert.deepEqual(words(await texts()), ['one', 'one']);
});

test('many edits and new replies at once: all are kept, the room ends in one of them', async () => {
	const a = await send('one');
	const all = await Promise.all(Array.from({ length: 12 }, (_, i) => i % 3 === 0
		? me.post(`/chatroom/${room}/message/${a.id}/edit`, { content: `e${i}` })
		: i % 3 === 1 ? me.post(`/chatroom/${room}/message/${a.reply.id}/regenerate`) : me.post(`/chatroom/${room}/message`, { content: `s${i}` })));
	for (const r of all) {
		assert.equal(r.status, 202, r.text);
		await ended(r.json.reply.id);
	}
	assert.equal((await show('?branches=all&limit=100')).messages.length, 2 + 4 * 2 + 4 + 4 * 2);
	await assertInvariants(stack);
});
