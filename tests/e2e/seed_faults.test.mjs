// What the seed did, and Castor must not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, client, newMobile, signUp } from './lib/client.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, anyone;

before(async () => {
	stack = await startStack();
	anyone = client(stack.base);
});
after(() => stack?.stop());

test('the model is really called', async () => {
	const me = await signUp(stack.base);
	const room = (await me.post('/chatroom', { name: 'r' })).json.id;
	const calls = async () => (await (await fetch(`${stack.env.GEMINI_BASE_URL}/__stats`)).json()).streams;
	const before = await calls();
	const sent = await me.post(`/chatroom/${room}/message`, { content: 'hello' });
	await until('the reply', async () => (await me.get(`/chatroom/${room}`)).json.messages
		.some((m) => m.id === sent.json.reply.id && m.state === 'complete'));
	assert.equal(await calls(), before + 1);
});

test('codes are six digits, expire, and are nowhere in clear text', async () => {
	const r = await anyone.post('/auth/signup', { mobile: newMobile() });
	assert.match(r.json.otp, /^\d{6}$/);
	assert.equal(r.json.expires_in, 300);
	assert.equal(await stack.psql(`select count(*) from pg_catalog.pg_tables where schemaname = 'auth' and tablename like '%otp%'`), '0');
	const keys = await stack.redis('KEYS', '*otp*');
	assert.ok(keys.length > 0);
	for (const key of keys) {
		assert.ok(!key.includes(r.json.otp));
		const type = await stack.redis('TYPE', key);
		const value = type === 'hash' ? await stack.redis('HGETALL', key) : type === 'string' ? await stack.redis('GET', key) : '';
		assert.ok(!JSON.stringify(value).includes(r.json.otp));
		assert.ok((await stack.redis('TTL', key)) > 0, `${key} never expires`);
	}
});

test('wrong codes: five tries, then the right one is no use either', async () => {
	const mobile = newMobile();
	const { otp } = (await anyone.post('/auth/signup', { mobile })).json;
	const wrong = otp === '000000' ? '000001' : '000000';
	const answers = await Promise.all(Array.from({ length: 40 }, () => anyone.post('/auth/verify-otp', { mobile, otp: wrong })));
	for (const r of answers)
		assert.ok(r.status === 400 || r.status === 429, r.text);
	const late = await anyone.post('/auth/verify-otp', { mobile, otp });
	assert.ok(late.status === 400 || late.status === 429, late.text);
});

test('passwords are stored as scrypt hashes', async () => {
	const me = await signUp(stack.base);
	assert.equal((await me.post('/auth/change-password', { new_password: 'strongpass123' })).status, 200);
	const dump = await stack.psql(`select password from auth.users where password is not null`);
	assert.match(dump, /\$scrypt\$ln=17,r=8,p=1\$/);
	assert.ok(!dump.includes('strongpass123'));
});

test('a NUL byte is a 400', async () => {
	const me = await signUp(stack.base);
	assertProblem(await me.post('/chatroom', '{"name":"a\\u0000b"}'), 400);
	assertProblem(await anyone.post('/auth/signup', '{"mobile":"89898\\u000098989"}'), 400);
});

test('there are no open admin routes', async () => {
	for (const path of ['/admin', '/admin/users', '/docs', '/redoc', '/users', '/metrics'])
		assert.ok([401, 404].includes((await anyone.get(path)).status), path);
});

test('a subscription that ends makes the user Basic again', async () => {
	const me = await signUp(stack.base);
	const { checkout_url } = (await me.post('/subscribe/pro')).json;
	assert.equal((await fetch(checkout_url, { method: 'POST', redirect: 'manual' })).status, 303);
	const tier = async () => (await me.get('/subscription/status')).json.subscription_tier;
	await until('Pro', async () => (await tier()) === 'Pro');
	const id = await stack.psql(`select subscription_id from billing.subscriptions where status = 'active'`);
	const gone = await fetch(`${stack.env.STRIPE_BASE_URL}/v1/subscriptions/${id}`,
		{ method: 'DELETE', headers: { authorization: `Bearer sk_test_simulator` } });
	assert.equal(gone.status, 200);
	await until('Basic', async () => (await tier()) === 'Basic');
	await until('the profile, too', async () => (await me.get('/user/me')).json.subscription_tier === 'Basic');
});

// Fails with the first table that can be read or emptied.
const tryAll = (tables) => `do $$
	declare t text;
	begin
		foreach t in array '{${tables}}'::text[] loop
			begin
				execute 'select * from ' || t || ' limit 1';
				raise '% can be read', t;
			exception when insufficient_privilege then null;
			end;
			begin
				execute 'delete from ' || t;
				raise '% can be emptied', t;
			exception when insufficient_privilege then null;
			end;
		end loop;
	end $$`;

test('each service is refused in the schemas of the others', async () => {
	const roles = { auth: 'AUTH', chat: 'CHAT', billing: 'BILLING', worker: 'AI_WORKER' };
	const tables = (await stack.psql(`select schemaname || '.' || tablename from pg_tables where schemaname in ('auth', 'chat', 'billing')`)).split('\n');
	assert.ok(tables.length > 10);
	for (const [role, key] of Object.entries(roles)) {
		const url = stack.env[`${key}_DATABASE_URL`];
		assert.ok(url, `${key}_DATABASE_URL`);
		assert.equal(await stack.psqlAs(url, tryAll(tables.filter((t) => !t.startsWith(`${role}.`)))), '', role);
		await assert.rejects(stack.psqlAs(url, 'create table public.x (a int)'), /permission denied/);
	}
	await assert.rejects(stack.psqlAs(stack.env.AUTH_DATABASE_URL, `select * from chat.worker_claim('{}', '{}', 'x', 1, 1, 1)`), /permission denied/);
	await assert.rejects(stack.psqlAs(stack.env.AI_WORKER_DATABASE_URL, `select * from chat.accept_messages('{}','{}','{}','{}','{}','{}','{}','{}','{}','{}','{}',1,1,1,1)`), /permission denied/);
	assert.equal(await stack.psqlAs(stack.env.AI_WORKER_DATABASE_URL, `select count(*) from chat.worker_claim('{}', '{}', 'x', 1, 1, 1)`), '0');
});
