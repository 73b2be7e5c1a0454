// Every call with bad input: a 4xx in the standard shape, never a 5xx, nothing half-written.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertProblem, client, newMobile, signUp } from './lib/client.mjs';
import { startStack } from './lib/stack.mjs';

let stack, anyone, me, other, room, othersRoom;

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000' });
	anyone = client(stack.base);
	me = await signUp(stack.base);
	other = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'mine' })).json.id;
	othersRoom = (await other.post('/chatroom', { name: 'theirs' })).json.id;
});
after(() => stack?.stop());

const counts = () => stack.psql(`select (select count(*) from auth.users), (select count(*) from chat.rooms),
	(select count(*) from chat.messages), (select count(*) from chat.jobs), (select coalesce(sum(messages), 0) from chat.quota)`);

// [who, method, path, members that are right]
const calls = () => [
	[anyone, 'POST', '/auth/signup', { mobile: newMobile() }],
	[anyone, 'POST', '/auth/send-otp', { mobile: newMobile() }],
	[anyone, 'POST', '/auth/forgot-password', { mobile: newMobile() }],
	[anyone, 'POST', '/auth/verify-otp', { mobile: newMobile(), otp: '123456' }],
	[me, 'POST', '/auth/change-password', { new_password: 'strongpass123' }],
	[me, 'POST', '/chatroom', { name: 'x' }],
	[me, 'POST', `/chatroom/${room}/message`, { content: 'x' }],
];

test('missing, extra and wrongly typed members are each named', async () => {
	const before = await counts();
	for (const [who, method, path, good] of calls()) {
		for (const name of Object.keys(good)) {
			const { [name]: _, ...rest } = good;
			const missing = await who.call(method, path, rest);
			assertProblem(missing, 400);
			assert.ok(missing.json.errors.some((e) => e.pointer === `/${name}`), missing.text);
			for (const wrong of [null, 7, true, [], {}, '']) {
				const r = await who.call(method, path, { ...good, [name]: wrong });
				assertProblem(r, 400);
				assert.ok(r.json.errors.some((e) => e.pointer === `/${name}`), r.text);
			}
		}
		const extra = await who.call(method, path, { ...good, is_admin: true });
		assertProblem(extra, 400);
		assert.ok(extra.json.errors.some((e) => e.pointer === '/is_admin'), extra.text);
	}
	assert.equal(await counts(), before);
});

test('broken JSON, and what only lenient parsers take', async () => {
	const before = await counts();
	const bodies = ['', '{', '[]', '"x"', 'null', '{"content":"x"} x', '{"content":"x",}', '{"content":"a","content":"b"}',
		'{"content":"\\ud800"}', '{"content":"a\\u0000b"}', '/* c */ {"content":"x"}', '\ufeff{"content":"x"}',
		'{"content":NaN}', '['.repeat(2000) + ']'.repeat(2000), '{"content":"\u0001"}'];
	for (const [who, method, path] of calls())
		for (const body of bodies)
			assertProblem(await who.call(method, path, body), 400);
	for (const bytes of [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff], [0x00]]) {
		const body = Buffer.concat([Buffer.from('{"content":"'), Buffer.from(bytes), Buffer.from('"}')]);
		assertProblem(await me.post(`/chatroom/${room}/message`, new Uint8Array(body)), 400);
	}
	assert.equal(await counts(), before);
});

test('a body that is not JSON by its type is 415, one too large 413', async () => {
	for (const [who, method, path, good] of calls()) {
		assertProblem(await who.call(method, path, JSON.stringify(good), { 'content-type': 'text/plain' }), 415);
		assertProblem(await who.call(method, path, JSON.stringify({ ...good, pad: 'x'.repeat(300 << 10) })), 413);
	}
});

test('no token, a broken one, a forged one, an expired one: the same 401', async () => {
	const [head, claims, signature] = me.tokens.access_token.split('.');
	const edit = (part, change) => Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url')), ...change })).toString('base64url');
	// One of 16 signatures of Ed25519 ends with AA by itself: its highest byte is at most 0x10.
	const forged = signature.slice(0, -2) + (signature.endsWith('AA') ? 'BA' : 'AA');
	const hs = (h, c) => `${h}.${c}.${createHmac('sha256', 'secret').update(`${h}.${c}`).digest('base64url')}`;
	const tokens = [null, 'x', 'a.b.c', `${head}.${claims}.`, `${head}.${claims}`, `${head}.${claims}.${signature}.x`,
		`${head}.${edit(claims, { exp: 1 })}.${signature}`, `${head}.${edit(claims, { sub: other.tokens.access_token })}.${signature}`,
		`${edit(head, { alg: 'none' })}.${claims}.`, hs(edit(head, { alg: 'HS256' }), claims), `${head}.${claims}.${forged}`, 'x'.repeat(5000)];
	const guarded = [['POST', '/auth/change-password'], ['GET', '/user/me'], ['POST', '/chatroom'], ['GET', '/chatroom'],
		['GET', `/chatroom/${room}`], ['POST', `/chatroom/${room}/message`], ['GET', '/subscribe/pro'], ['POST', '/subscribe/pro'],
		['GET', '/subscription/status']];
	for (const token of tokens) {
		for (const [method, path] of guarded) {
			const r = await anyone.as(token).call(method, path, method === 'POST' ? {} : undefined);
			assertProblem(r, 401);
			assert.match(r.headers.get('www-authenticate'), /^Bearer/);
		}
	}
	assertProblem(await anyone.get(`/user/me?access_token=${me.tokens.access_token}`), 401);
});

test("another user's room is the same 404 as a missing one", async () => {
	const before = await counts();
	const answers = [];
	for (const id of [othersRoom, '01900000-0000-7000-8000-000000000000', 'x', '1', `${room}x`, '%00', "'--"]) {
		answers.push(await me.get(`/chatroom/${id}`));
		answers.push(await me.post(`/chatroom/${id}/message`, { content: 'x' }));
	}
	const bodies = new Set();
	for (const r of answers) {
		assert.ok(r.status === 404 || r.status === 400, r.text);
		if (r.status === 404) {
			const { request_id, instance, ...rest } = r.json;
			bodies.add(JSON.stringify(rest));
		}
	}
	assert.equal(bodies.size, 1, [...bodies].join('\n'));
	assert.equal(await counts(), before);
});

test('unknown routes are 404, wrong methods 405 with Allow', async () => {
	for (const path of ['/nothing', '/auth', '/auth/signup/x', '/admin', '/chatroom/a/b/c', '/user', '/metrics', '/readyz'])
		assertProblem(await me.get(path), 404);
	for (const [method, path, allow] of [['GET', '/auth/signup', 'POST'], ['DELETE', '/chatroom', 'GET, POST'], ['PUT', '/user/me', 'GET'],
		['PATCH', '/webhook/stripe', 'POST']]) {
		const r = await me.call(method, path);
		assertProblem(r, 405);
		assert.deepEqual(r.headers.get('allow').split(', ').filter((m) => !['HEAD', 'OPTIONS'].includes(m)).sort(), allow.split(', '));
	}
});

test('odd pages, numbers and names', async () => {
	for (const q of ['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=x', 'cursor=%zz', 'limit=-1', 'limit=9999999999999999999999'])
		for (const path of ['/chatroom', `/chatroom/${room}`])
			assertProblem(await me.get(`${path}?${q}`), 400);
	for (const mobile of ['1', 'abcdefghij', '+', '+1', '89898989898989898989', '8989898989; drop table', '٨٩٨٩٨٩٨٩٨٩', '+999999999999'])
		assertProblem(await anyone.post('/auth/signup', { mobile }), 400);
	assertProblem(await me.post('/chatroom', { name: 'x'.repeat(121) }), 400);
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: 'x'.repeat(65537) }), 400);
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: '\u20ac'.repeat(30000) }), 400);
	assertProblem(await me.post('/auth/change-password', { new_password: 'short' }), 400);
	assertProblem(await me.post('/auth/change-password', { new_password: 'x'.repeat(257) }), 400);
	const text = 'quotes \' " \\ and \u{1F600} \u20ac \n\t <b>';
	const sent = await me.post(`/chatroom/${room}/message`, { content: text });
	assert.equal(sent.status, 202);
	const shown = await me.get(`/chatroom/${room}`);
	assert.equal(shown.json.messages.find((m) => m.id === sent.json.id).content, text);
});

test('Idempotency-Key: the same again is replayed, another body refused', async () => {
	const key = { 'idempotency-key': '"k-1"' };
	const first = await me.post(`/chatroom/${room}/message`, { content: 'once' }, key);
	assert.equal(first.status, 202, first.text);
	const again = await me.post(`/chatroom/${room}/message`, { content: 'once' }, { 'idempotency-key': 'k-1' });
	assert.equal(again.status, 202, again.text);
	assert.equal(again.headers.get('idempotent-replayed'), 'true');
	assert.equal(again.json.id, first.json.id);
	assert.deepEqual(again.json.reply, first.json.reply);
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: 'other' }, key), 422);
	assertProblem(await me.post(`/chatroom/${room}/message`, { content: 'x' }, { 'idempotency-key': '' }), 400);
	const many = await Promise.all(Array.from({ length: 50 }, () =>
		me.post(`/chatroom/${room}/message`, { content: 'many' }, { 'idempotency-key': 'k-2' })));
	assert.equal(new Set(many.map((r) => r.json.id)).size, 1);
});
