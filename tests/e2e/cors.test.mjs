// Pages of other origins in a real browser: a listed one may call and read what it should, others may not.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { signUp } from './lib/client.mjs';
import { startStack } from './lib/stack.mjs';

let stack, me, room, browser, listed, stranger;

async function page() {
	const server = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'));
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	return { server, url: `http://127.0.0.1:${server.address().port}` };
}

before(async () => {
	listed = await page();
	stranger = await page();
	stack = await startStack({ BASIC_DAILY_MESSAGES: '100', CORS_ORIGINS: listed.url, LIMIT_READ_PER_USER: '600', LIMIT_MESSAGE_PER_USER: '600' });
	me = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
	});
});
after(async () => {
	await browser?.close();
	listed?.server.close();
	stranger?.server.close();
	await stack?.stop();
});

// fetch, as the page at `url` runs it: what its script can see of the answer, or the error's name.
async function fetchFrom(url, path, { method = 'GET', headers = {}, body, read = [] } = {}) {
	const tab = await browser.newPage();
	await tab.goto(url);
	const seen = await tab.evaluate(async ({ href, method, headers, body, read }) => {
		try {
			const r = await fetch(href, { method, headers, body });
			const stream = r.headers.get('content-type')?.startsWith('text/event-stream');
			const text = stream ? new TextDecoder().decode((await r.body.getReader().read()).value) : await r.text();
			return { status: r.status, text, fields: Object.fromEntries(read.map((name) => [name, r.headers.get(name)])) };
		} catch (err) {
			return { error: err.name };
		}
	}, { href: stack.base + path, method, headers, body, read });
	await tab.close();
	return seen;
}
const auth = () => ({ authorization: `Bearer ${me.tokens.access_token}` });

test('a listed page calls, and reads what is left of its limits', async () => {
	const r = await fetchFrom(`${listed.url}/`, '/user/me', { headers: auth(), read: ['RateLimit', 'RateLimit-Policy', 'X-Request-Id', 'Server'] });
	assert.equal(r.status, 200, JSON.stringify(r));
	assert.equal(JSON.parse(r.text).mobile, (await me.get('/user/me')).json.mobile);
	assert.match(r.fields['RateLimit-Policy'], /"read-per-user";q=600;w=60/);
	assert.match(r.fields.RateLimit, /"read-per-user";r=\d+;t=\d+/);
	assert.match(r.fields['X-Request-Id'], /^[0-9a-f]{32}$/);
	assert.equal(r.fields.Server, null);
});

test('with a preflight, whatever it sends', async () => {
	const sent = await fetchFrom(`${listed.url}/`, `/chatroom/${room}/message`, {
		method: 'POST', body: JSON.stringify({ content: 'hello' }), read: ['Location', 'RateLimit'],
		headers: { ...auth(), 'content-type': 'application/json', 'idempotency-key': 'k-1', prefer: 'wait=20',
			traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01' },
	});
	assert.equal(sent.status, 200, JSON.stringify(sent));
	assert.equal(JSON.parse(sent.text).reply.state, 'complete');
	assert.equal(sent.fields.Location, `/chatroom/${room}`);
	assert.match(sent.fields.RateLimit, /"message-per-user"/);
	const changed = await fetchFrom(`${listed.url}/`, `/chatroom/${room}`, {
		method: 'PATCH', body: JSON.stringify({ name: 's' }), headers: { ...auth(), 'content-type': 'application/json' } });
	assert.equal(changed.status, 200, JSON.stringify(changed));
});

test('a stream by fetch, going on from an event', async () => {
	const r = await fetchFrom(`${listed.url}/`, `/chatroom/${room}/message`, {
		method: 'POST', body: JSON.stringify({ content: 'stream' }), headers: { ...auth(), 'content-type': 'application/json', accept: 'text/event-stream' } });
	assert.equal(r.status, 200, JSON.stringify(r));
	assert.match(r.text, /^retry: \d+/);
	const { reply } = (await me.post(`/chatroom/${room}/message`, { content: 'x' }, { prefer: 'wait=20' })).json;
	const events = await fetchFrom(`${listed.url}/`, `/chatroom/${room}/message/${reply.id}/events`, { headers: { ...auth(), 'last-event-id': '' } });
	assert.equal(events.status, 200, JSON.stringify(events));
});

test('it can read refusals, too', async () => {
	const none = await fetchFrom(`${listed.url}/`, '/user/me');
	assert.equal(none.status, 401, JSON.stringify(none));
	assert.equal(JSON.parse(none.text).code, 'unauthorized');
	assert.equal((await fetchFrom(`${listed.url}/`, '/nowhere')).status, 404);
});

test('an unlisted page cannot: neither with a preflight nor without', async () => {
	assert.deepEqual(await fetchFrom(`${stranger.url}/`, '/user/me', { headers: auth() }), { error: 'TypeError' });
	assert.deepEqual(await fetchFrom(`${stranger.url}/`, '/.well-known/jwks.json'), { error: 'TypeError' });
	assert.deepEqual(await fetchFrom(`${stranger.url}/`, `/chatroom/${room}/message`, {
		method: 'POST', body: '{"content":"evil"}', headers: { ...auth(), 'content-type': 'application/json' } }), { error: 'TypeError' });
	const { messages } = (await me.get(`/chatroom/${room}`)).json;
	assert.ok(messages.every((m) => m.content !== 'evil'), 'it was never sent');
});

test('nor can a page without an origin', async () => {
	const r = await fetchFrom('data:text/html,<!doctype html><title>null</title>', '/.well-known/jwks.json');
	assert.deepEqual(r, { error: 'TypeError' });
});
