// The thirteen calls, as the README walks them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { client, newMobile } from './lib/client.mjs';
import { startStack, until } from './lib/stack.mjs';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
let stack, anyone, me, room;
const mobile = newMobile();

before(async () => {
	stack = await startStack();
	anyone = client(stack.base);
});
after(() => stack?.stop());

function assertMessage(m, roomId) {
	assert.match(m.id, uuid);
	assert.equal(m.chatroom_id, roomId);
	assert.ok(['user', 'gemini'].includes(m.sender));
	assert.equal(typeof m.content, 'string');
	assert.equal(typeof m.state, 'string');
	assert.match(m.created_at, time);
}

async function verify(code) {
	const r = await anyone.post('/auth/verify-otp', { mobile, otp: code });
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.token_type, 'bearer');
	assert.equal(typeof r.json.access_token, 'string');
	assert.equal(typeof r.json.refresh_token, 'string');
	assert.ok(r.json.expires_in > 0);
	return r.json;
}

for (const [n, path] of [[1, '/auth/signup'], [2, '/auth/send-otp'], [4, '/auth/forgot-password']]) {
	test(`${n} and 3: POST ${path}, and its code opens a session`, async () => {
		const r = await anyone.post(path, { mobile });
		assert.equal(r.status, 200, r.text);
		assert.equal(typeof r.json.message, 'string');
		assert.equal(typeof r.json.expires_in, 'number');
		assert.match(r.json.otp, /^\d{6}$/);
		me = anyone.as((await verify(r.json.otp)).access_token);
		const again = await anyone.post('/auth/verify-otp', { mobile, otp: r.json.otp });
		assert.equal(again.status, 400, 'a code serves once');
	});
}

test('the access token verifies with the published keys (jose)', async () => {
	const jwks = await anyone.get('/.well-known/jwks.json');
	const sent = await anyone.post('/auth/send-otp', { mobile });
	const { access_token } = await verify(sent.json.otp);
	const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(jwks.json),
		{ issuer: 'castor', audience: 'castor', typ: 'at+jwt' });
	assert.equal(protectedHeader.alg, 'EdDSA');
	assert.match(payload.sub, uuid);
	me = anyone.as(access_token);
});

test('5: POST /auth/change-password', async () => {
	const r = await me.post('/auth/change-password', { new_password: 'strongpass123' });
	assert.equal(r.status, 200, r.text);
	assert.equal(typeof r.json.message, 'string');
});

test('6: GET /user/me', async () => {
	const r = await me.get('/user/me');
	assert.equal(r.status, 200, r.text);
	assert.match(r.json.id, uuid);
	assert.equal(r.json.mobile, `+91${mobile}`);
	assert.equal(r.json.is_verified, true);
	assert.equal(r.json.subscription, 'Basic');
	assert.equal(r.json.subscription_tier, 'Basic');
	assert.match(r.json.created_at, time);
});

test('7 and 8: POST and GET /chatroom; a new room is in the list at once', async () => {
	const made = await me.post('/chatroom', { name: 'AI Assistant' });
	assert.equal(made.status, 201, made.text);
	assert.match(made.json.id, uuid);
	assert.equal(made.json.name, 'AI Assistant');
	assert.equal(made.json.user_id, (await me.get('/user/me')).json.id);
	assert.match(made.json.created_at, time);
	assert.equal(made.headers.get('location'), `/chatroom/${made.json.id}`);
	room = made.json.id;
	const second = await me.post('/chatroom', { name: 'Second' });
	const list = await me.get('/chatroom');
	assert.equal(list.status, 200);
	assert.deepEqual(list.json.map((r) => r.id), [second.json.id, room]);
});

test('9 and 10: a message is accepted, its reply appears under the promised id', async () => {
	const sent = await me.post(`/chatroom/${room}/message`, { content: 'How do I track my order? [[echo]]' });
	assert.equal(sent.status, 202, sent.text);
	assertMessage(sent.json, room);
	assert.equal(sent.json.sender, 'user');
	assert.equal(sent.json.content, 'How do I track my order? [[echo]]');
	assert.equal(sent.json.reply.state, 'queued');
	assert.equal(sent.headers.get('location'), `/chatroom/${room}`);
	const shown = await until('the reply is complete', async () => {
		const r = await me.get(`/chatroom/${room}`);
		assert.equal(r.status, 200, r.text);
		const reply = r.json.messages.find((m) => m.id === sent.json.reply.id);
		return reply?.state === 'complete' && r.json;
	});
	assert.equal(shown.next_cursor, null);
	assert.equal(shown.name, 'AI Assistant');
	assert.deepEqual(shown.messages.map((m) => m.sender), ['user', 'gemini']);
	shown.messages.forEach((m) => assertMessage(m, room));
	assert.ok(shown.messages[1].content.length > 0);
	assert.equal((await me.get('/chatroom')).json[0].id, room, 'newest activity first');
});

test('the conversation is the context of the next turn', async () => {
	const sent = await me.post(`/chatroom/${room}/message`, { content: 'And when?' });
	const reply = await until('the second reply', async () => {
		const r = await me.get(`/chatroom/${room}`);
		return r.json.messages.find((m) => m.id === sent.json.reply.id && m.state === 'complete');
	});
	assert.match(reply.content, /turn 2\b/, 'the simulator says which turn of the talk it saw');
});

test('pages of messages lead back to the first', async () => {
	let path = `/chatroom/${room}?limit=1`, seen = [];
	while (path) {
		const r = await me.get(path);
		assert.equal(r.status, 200, r.text);
		seen.unshift(...r.json.messages.map((m) => m.id));
		path = r.json.next_cursor && `/chatroom/${room}?limit=1&cursor=${r.json.next_cursor}`;
	}
	const whole = await me.get(`/chatroom/${room}`);
	assert.deepEqual(seen, whole.json.messages.map((m) => m.id));
});

test('a trailing slash is the same resource', async () => {
	assert.deepEqual((await me.get('/chatroom/')).json, (await me.get('/chatroom')).json);
	assert.equal((await me.get(`/chatroom/${room}/`)).status, 200);
	assert.equal((await me.get('/user/me/')).status, 200);
});

test('11, 12, 13: subscribing, paying, being Pro', async () => {
	const basic = await me.get('/subscription/status');
	assert.equal(basic.status, 200, basic.text);
	assert.equal(basic.json.subscription_tier, 'Basic');
	const byPost = await me.post('/subscribe/pro');
	assert.equal(byPost.status, 200, byPost.text);
	const byGet = await me.get('/subscribe/pro');
	assert.equal(byGet.status, 200, byGet.text);
	assert.equal(byGet.json.checkout_url, byPost.json.checkout_url, 'the open session is reused');
	const paid = await fetch(byPost.json.checkout_url, { method: 'POST', redirect: 'manual' });
	assert.equal(paid.status, 303);
	await until('Pro', async () => (await me.get('/subscription/status')).json.subscription_tier === 'Pro');
	await until('the profile says so', async () => (await me.get('/user/me')).json.subscription_tier === 'Pro');
	assert.equal((await me.get('/user/me')).json.subscription, 'Pro');
	// More than a Basic user's five a day; the quota of the new tier holds.
	await until('chat knows', async () =>
		(await me.post(`/chatroom/${room}/message`, { content: 'more' })).status === 202 &&
		(await stack.psql(`select tier from chat.accounts`)) === 'Pro');
	for (let i = 0; i < 6; i++)
		assert.equal((await me.post(`/chatroom/${room}/message`, { content: `more ${i}` })).status, 202);
});

test('12: a webhook with a bad signature is refused', async () => {
	const r = await anyone.post('/webhook/stripe', { id: 'evt_1', type: 'x' }, { 'stripe-signature': 't=1,v1=00' });
	assert.equal(r.status, 400);
});
