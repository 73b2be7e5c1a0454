// What is used and what is left: reserved at accept, settled at the end, given back when it failed; exact throughout.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, client, signUp } from './lib/client.mjs';
import { assertInvariants } from './lib/invariants.mjs';
import { sleep, startStack, until } from './lib/stack.mjs';

let stack;

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '6', BASIC_DAILY_TOKENS: '5000', PRO_DAILY_MESSAGES: '100', PRO_DAILY_TOKENS: '0',
		REPLY_RESERVE_TOKENS: '1000', WORKER_RETRY_BASE_MS: '50', WORKER_ATTEMPTS: '2', WORKER_LEASE_MS: '1500', BASIC_CONCURRENT: '16',
		CONTEXT_TURNS: '3' });
});
after(async () => {
	try {
		if (stack)
			await assertInvariants(stack);
	} finally {
		await stack?.stop();
	}
});

async function newcomer() {
	const me = await signUp(stack.base);
	const room = (await me.post('/chatroom', { name: 'r' })).json.id;
	const usage = async (query = '') => {
		const r = await me.get(`/usage${query}`);
		assert.equal(r.status, 200, r.text);
		return r.json;
	};
	const send = (content, headers) => me.post(`/chatroom/${room}/message`, { content }, headers);
	const end = (reply) => until('its end', async () => (await me.get(`/chatroom/${room}?branches=all&limit=100`)).json.messages
		.find((m) => m.id === reply && !['queued', 'generating'].includes(m.state)));
	const ask = async (content) => {
		const sent = await send(content);
		assert.equal(sent.status, 202, sent.text);
		return end(sent.json.reply.id);
	};
	return { me, room, usage, send, end, ask };
}

// Its pid; 0 while it is being started again.
async function livingWorker() {
	const pid = await stack.pid('ai-worker').catch(() => 0);
	try {
		return pid && process.kill(pid, 0) ? pid : 0;
	} catch {
		return 0;
	}
}

const sum = (m) => m.usage.prompt_tokens + m.usage.output_tokens;

test('nothing used, and what may be', async () => {
	const { usage } = await newcomer();
	const u = await usage();
	assert.equal(u.tier, 'Basic');
	assert.deepEqual(u.messages, { used: 0, limit: 6, remaining: 6 });
	assert.deepEqual(u.tokens, { used: 0, reserved: 0, limit: 5000, remaining: 5000 });
	assert.equal(u.days.length, 7);
	assert.equal(u.days.at(-1).day, u.day);
	assert.ok(u.resets_at.endsWith('T00:00:00.000Z') || /T00:00:00/.test(u.resets_at), u.resets_at);
	assert.ok(new Date(u.resets_at) > new Date());
	assert.equal((await usage('?days=1')).days.length, 1);
	assert.equal((await usage('?days=90')).days.length, 90);
});

test('bad input', async () => {
	const { me } = await newcomer();
	for (const days of ['0', '91', '-1', 'x', '', '1.5', '7&days=8'])
		assertProblem(await me.get(`/usage?days=${days}`), 400);
	assertProblem(await client(stack.base).get('/usage'), 401);
});

test('a reply is charged what it says it cost', async () => {
	const { usage, ask } = await newcomer();
	const a = await ask('hello [[bytes=400]]'), b = await ask('more [[bytes=100]]');
	assert.equal(a.finish_reason, 'STOP');
	assert.ok(a.usage.output_tokens >= 100 && a.usage.estimated === undefined, JSON.stringify(a.usage));
	assert.deepEqual(b.context, { turns: 3, left_out: 0 });
	const u = await usage();
	assert.equal(u.tokens.used, sum(a) + sum(b));
	assert.equal(u.tokens.reserved, 0);
	assert.equal(u.messages.used, 2);
	assert.deepEqual(u.days.at(-1), { day: u.day, messages: 2, prompt_tokens: a.usage.prompt_tokens + b.usage.prompt_tokens,
		output_tokens: a.usage.output_tokens + b.usage.output_tokens });
	const c = await ask('and more');
	assert.deepEqual(c.context, { turns: 3, left_out: 2 });
});

test('tokens are reserved while a reply is owed; a stopped one is charged what was written', async () => {
	const { me, room, usage, send, end } = await newcomer();
	const { id } = (await send('wait [[bytes=4000 chunks=4 hang_after=2]]')).json.reply;
	const u = await usage();
	assert.ok(u.tokens.reserved >= 1000 && u.tokens.reserved < 1100, JSON.stringify(u));
	assert.equal(u.tokens.remaining, 5000 - u.tokens.reserved);
	await assertInvariants(stack);
	await until('some text', async () => Number(await stack.psql(`select metered_tokens from chat.jobs where reply_id = '${id}'`)) > 100);
	await me.post(`/chatroom/${room}/message/${id}/stop`);
	const m = await end(id);
	assert.equal(m.state, 'stopped');
	assert.ok(m.content.length > 100);
	assert.ok(m.usage.output_tokens > m.content.length / 5, JSON.stringify(m.usage));
	const v = await usage();
	assert.equal(v.tokens.used, sum(m));
	assert.equal(v.tokens.reserved, 0);
	assert.equal(v.messages.used, 1);
});

test('what fails, is blocked, or never began costs nothing', async () => {
	const { me, room, usage, ask, send, end } = await newcomer();
	const failed = await ask('x [[status=400]]');
	assert.equal(failed.state, 'failed');
	const broken = await ask('x [[status=500]]');
	assert.equal(broken.state, 'failed');
	const blocked = await ask('x [[block=SAFETY]]');
	assert.equal(blocked.state, 'blocked');
	for (const m of [failed, broken, blocked])
		assert.equal(m.usage, undefined);
	let u = await usage();
	assert.equal(u.tokens.used + u.tokens.reserved + u.messages.used, 0);
	const held = await Promise.all(Array.from({ length: 3 }, () => send('x [[hang]]')));
	for (const r of held) {
		await me.post(`/chatroom/${room}/message/${r.json.reply.id}/stop`);
		await end(r.json.reply.id);
	}
	await assertInvariants(stack);
	u = await usage();
	assert.equal(u.tokens.reserved, 0);
});

test('a cut stream is charged by our own count', async () => {
	const { ask, usage } = await newcomer();
	const m = await ask('x [[bytes=800 chunks=4 chunk_delay=20 cut_after=2]]');
	assert.equal(m.state, 'incomplete');
	assert.ok(m.usage.output_tokens > 0 && m.usage.prompt_tokens > 0, JSON.stringify(m.usage));
	assert.equal((await usage()).tokens.used, sum(m));
});

test('when the tokens of the day would be passed: 429, and nothing is written', async () => {
	const { usage, send, end, me, room } = await newcomer();
	const held = [];
	for (let i = 0; i < 4; i++)
		held.push((await send('x [[hang]]')).json.reply.id);
	const before = await usage();
	assert.ok(before.tokens.remaining < 1000, JSON.stringify(before));
	const r = await send('one more');
	assertProblem(r, 429, 'quota_exceeded');
	assert.match(r.headers.get('ratelimit-policy'), /^"tokens-day";q=5000;w=86400$/);
	assert.match(r.headers.get('ratelimit'), /^"tokens-day";r=0;t=\d+$/);
	assert.ok(Number(r.headers.get('retry-after')) > 0);
	assert.match(r.json.detail, /5000 tokens of the Basic tier/);
	const key = { 'idempotency-key': 'later' };
	assertProblem(await send('one more', key), 429);
	assertProblem(await me.post(`/chatroom/${room}/message/${held[0]}/regenerate`), 409);
	assert.deepEqual(await usage(), before);
	await me.post(`/chatroom/${room}/message/${held[0]}/stop`);
	await end(held[0]);
	const again = await send('one more', key);
	assert.equal(again.status, 202, again.text);
	await Promise.all(held.slice(1).map(async (id) => {
		await me.post(`/chatroom/${room}/message/${id}/stop`);
		await end(id);
	}));
});

test('no more is accepted at once than the tokens of the day', async () => {
	const { me, usage } = await newcomer();
	const rooms = await Promise.all(Array.from({ length: 6 }, async () => (await me.post('/chatroom', { name: 'x' })).json.id));
	const sent = await Promise.all(rooms.map((r) => me.post(`/chatroom/${r}/message`, { content: 'x [[hang]]' })));
	assert.equal(sent.filter((r) => r.status === 202).length, 4);
	assert.ok((await usage()).tokens.reserved <= 5000);
	await assertInvariants(stack);
});

test('a reply that grows beyond its reserve reserves more', async () => {
	const { me, room, usage, send, end } = await newcomer();
	const { id } = (await send('wait [[bytes=20000 chunks=4 hang_after=3]]')).json.reply;
	await until('more is reserved', async () => (await usage()).tokens.reserved > 2000);
	await assertInvariants(stack);
	assertProblem(await send('more'), 429, 'quota_exceeded');
	await me.post(`/chatroom/${room}/message/${id}/stop`);
	const m = await end(id);
	const u = await usage();
	assert.equal(u.tokens.used, sum(m));
	assert.equal(u.tokens.reserved, 0);
});

test('what the record refuses is stored with less, and its cost is not forgotten', async () => {
	const { ask, usage } = await newcomer();
	await stack.psql('alter table chat.messages add constraint refused check (model_version is null) not valid');
	const m = await ask('hello [[bytes=400]]');
	await stack.psql('alter table chat.messages drop constraint refused');
	assert.equal(m.state, 'complete');
	assert.equal(m.model_version, undefined);
	assert.ok(m.usage.output_tokens >= 100 && m.usage.prompt_tokens > 0, JSON.stringify(m.usage));
	assert.equal((await usage()).tokens.used, sum(m));
});

test('Pro without a limit', async () => {
	const { me, usage, ask } = await newcomer();
	const { id } = (await me.get('/user/me')).json;
	await stack.psql(`select chat.apply_tier('${id}', 'Pro', 1)`);
	await ask('hello [[bytes=30000]]');
	const u = await usage();
	assert.equal(u.tier, 'Pro');
	assert.equal(u.tokens.limit, null);
	assert.equal(u.tokens.remaining, null);
	assert.ok(u.tokens.used > 5000);
	assert.equal(u.messages.limit, 100);
});

test('the worker is killed with replies in hand, several times: the sums stay right', async () => {
	const { usage, send, end } = await newcomer();
	const ids = [];
	for (let i = 0; i < 4; i++)
		ids.push((await send(`x [[bytes=2000 chunks=20 chunk_delay=40]]`)).json.reply.id);
	for (let i = 0; i < 3; i++) {
		const pid = await until('a worker', livingWorker);
		process.kill(pid, 'SIGKILL');
		await until('another worker', async () => ![0, pid].includes(await livingWorker()));
		await sleep(300);
		await assertInvariants(stack);
	}
	let cost = 0;
	for (const id of ids) {
		const m = await end(id);
		cost += m.usage ? sum(m) : 0;
	}
	const u = await usage();
	assert.equal(u.tokens.used, cost);
	assert.equal(u.tokens.reserved, 0);
});
