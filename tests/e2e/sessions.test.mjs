// A session that auth has ended is over everywhere: at every worker of every gateway, at every service, in streams that are open.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertProblem, client, signUp } from './lib/client.mjs';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { startStack, until } from './lib/stack.mjs';

const GATEWAYS = 2, WORKERS = 2;
let stack, yes;
const gateways = []; // beside the stack's own; behind them somebody who says yes to all that they let through

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000' });
	yes = await startRaw((s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
	const { REDIS_URL, CASTOR_ENV } = stack.env;
	for (let i = 0; i < GATEWAYS; i++)
		gateways.push(await startGateway({
			AUTH_URL: yes.url, CHAT_URL: yes.url, BILLING_URL: yes.url, REDIS_URL, CASTOR_ENV: CASTOR_ENV ?? 'dev',
			GATEWAY_WORKERS: String(WORKERS), JWT_PUBLIC_KEY_FILE: join(stack.dir, 'secrets/jwt.pub'),
		}));
});
after(async () => {
	for (const gateway of gateways)
		assert.equal(await gateway.stop(), 0);
	await yes?.stop();
	await stack?.stop();
});

const bearer = (user) => ({ authorization: `Bearer ${user.tokens.access_token}` });
// On connections of their own, so that every worker is met: each status that came.
async function statuses(gateway, user, n = 16) {
	const all = await Promise.all(Array.from({ length: n }, () => fetch(`${gateway.base}/user/me`, { headers: { ...bearer(user), connection: 'close' } })));
	await Promise.all(all.map((r) => r.text()));
	return [...new Set(all.map((r) => r.status))].join();
}
const everywhere = async (user) => (await Promise.all(gateways.map((g) => statuses(g, user)))).join();
const only = (status) => Array(GATEWAYS).fill(status).join();

test('at every worker of every gateway, within seconds', async () => {
	const user = await signUp(stack.base), other = await signUp(stack.base);
	assert.equal(await everywhere(user), only(200));
	assert.equal((await user.post('/auth/logout')).status, 204);
	const ended = Date.now();
	await until('it is refused', async () => (await everywhere(user)) === only(401), { everyMs: 10 });
	assert.ok(Date.now() - ended < 5000, `${Date.now() - ended} ms`); // security-requirements 7.7
	assert.equal(await everywhere(other), only(200));
});

test('at every service that is asked past the gateway', async () => {
	const user = await signUp(stack.base);
	const { AUTH_URL, CHAT_URL, BILLING_URL } = stack.env;
	const calls = [`${AUTH_URL}/user/me`, `${CHAT_URL}/usage`, `${BILLING_URL}/subscription/status`];
	for (const url of calls)
		assert.equal((await fetch(url, { headers: bearer(user) })).status, 200, url);
	assert.equal((await user.post('/auth/logout')).status, 204);
	for (const url of calls)
		await until(`${url} refuses it`, async () => (await fetch(url, { headers: bearer(user) })).status === 401);
});

test('also what ended while Redis was away, and at workers that began since', async () => {
	const user = await signUp(stack.base);
	process.kill(await stack.pid('redis'), 'SIGKILL');
	assert.equal((await user.post('/auth/logout')).status, 204); // the record has it; nobody rings
	await until('it is refused', async () => (await everywhere(user)) === only(401));
	for (const gateway of gateways) {
		process.kill(gateway.pid, 'SIGHUP');
		await until('the next generation serves', async () => (await gateway.log()).includes('"generation":2'));
	}
	assert.equal(await everywhere(user), only(401));
});

// ---- what is open when it ends ----

const slow = '[[chunks=400]] [[chunk_delay=100]]';

async function talking() {
	const user = await signUp(stack.base);
	const room = (await user.post('/chatroom', { name: 'r' })).json.id;
	const { reply } = (await user.post(`/chatroom/${room}/message`, { content: slow })).json;
	return { user, room, url: `${stack.base}/chatroom/${room}/message/${reply.id}/events` };
}

test('streams that are open end, between two events, and are not opened again', async () => {
	const { user, room, url } = await talking();
	const stranger = await talking();
	const streams = await Promise.all([url, `${stack.base}/chatroom/${room}/events`].map((u) => fetch(u, { headers: bearer(user) })));
	const posted = await fetch(`${stack.base}/chatroom/${room}/message`, {
		method: 'POST', headers: { ...bearer(user), 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify({ content: slow }),
	});
	const untouched = await fetch(stranger.url, { headers: bearer(stranger.user) });
	for (const r of [...streams, posted, untouched])
		assert.equal(r.status, 200);
	assert.equal((await user.post('/auth/logout')).status, 204);
	for (const r of [...streams, posted])
		assert.ok((await r.text()).endsWith('\n\n'), 'whole events'); // throws if it is cut
	assertProblem(await client(stack.base, user.tokens.access_token).get(new URL(url).pathname), 401);
	assert.ok((await untouched.body.getReader().read()).value.length > 0);
});

test('who waits for a reply is answered at once', async () => {
	const { user, room } = await talking();
	const waiting = user.post(`/chatroom/${room}/message`, { content: slow }, { prefer: 'wait=25' });
	await until('it is accepted', async () => (await user.get(`/chatroom/${room}`)).json.messages.length === 4);
	assert.equal((await user.post('/auth/logout')).status, 204);
	const ended = Date.now();
	assert.equal((await waiting).status, 202); // what was accepted stays so
	assert.ok(Date.now() - ended < 10_000);
});

// The token is good when the stream is asked for, and not any more when it is opened.
test('a stream that is just being opened', async () => {
	const { user, url } = await talking();
	const psql = spawn('psql', ['-XAtq', stack.env.OWNER_DATABASE_URL, '-c', 'begin; lock table chat.rooms in access exclusive mode; select pg_sleep(30)']);
	const gone = once(psql, 'exit');
	await until('rooms cannot be read', () => stack.psql("select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 'chat.rooms'::regclass"));
	const opening = fetch(url, { headers: bearer(user) });
	await until('it waits', () => stack.psql("select 1 from pg_locks where not granted and relation = 'chat.rooms'::regclass"));
	assert.equal((await user.post('/auth/logout')).status, 204);
	await until('chat knows', async () => (await fetch(`${stack.env.CHAT_URL}/usage`, { headers: bearer(user) })).status === 401);
	psql.kill('SIGKILL');
	await gone;
	await stack.psql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()");
	const r = await opening;
	const text = await r.text(); // it ends, whatever it began with
	assert.ok(r.status === 401 || (r.status === 200 && !text.includes('reply.delta')), `${r.status} ${text}`);
});
