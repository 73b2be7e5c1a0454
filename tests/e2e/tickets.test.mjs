// One-use tickets: EventSource, in Node and in a real browser, opens a stream without a token.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { chromium } from 'playwright-core';
import { assertProblem, client, signUp } from './lib/client.mjs';
import { teller } from './lib/events.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, me, room, page, anyone, browser;
const slow = '[[chunks=20]] [[chunk_delay=40]] [[bytes=2000]]';
const names = ['reply.started', 'reply.delta', 'reply.done'];

before(async () => {
	// A page of another origin, which is allowed to call.
	page = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'));
	await new Promise((done) => page.listen(0, '127.0.0.1', done));
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000', CORS_ORIGINS: `http://127.0.0.1:${page.address().port}` });
	me = await signUp(stack.base);
	anyone = client(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
});
after(async () => {
	await browser?.close();
	page?.close();
	await stack?.stop();
});

async function send(content) {
	const sent = await me.post(`/chatroom/${room}/message`, { content });
	assert.equal(sent.status, 202, sent.text);
	return sent.json.reply.id;
}
const stored = (reply) => until('its end', async () => (await me.get(`/chatroom/${room}?limit=100`)).json.messages
	.find((m) => m.id === reply && !['queued', 'generating'].includes(m.state)));

async function ticket(path = `/chatroom/${room}/events`, who = me) {
	const r = await who.post('/events/ticket', { path });
	assert.equal(r.status, 201, r.text);
	assert.equal(r.json.path, path);
	assert.equal(r.json.url, `${path}?ticket=${r.json.ticket}`);
	assert.equal(r.json.expires_in, 30);
	assert.match(r.json.ticket, /^[A-Za-z0-9_-]{43}$/);
	return r.json;
}
// The status that a GET is answered with; a stream is left at once.
async function get(url, options = {}) {
	const stop = new AbortController();
	const r = await fetch(stack.base + url, { ...options, signal: stop.signal });
	const text = r.status === 200 ? '' : await r.text();
	stop.abort();
	return { status: r.status, headers: r.headers, text, json: text ? JSON.parse(text) : undefined };
}

test('a ticket opens its stream once', async () => {
	const { url } = await ticket();
	assert.equal((await get(url)).status, 200);
	assertProblem(await get(url), 401);
});

test('a ticket is good for its path, as its user, and for GET', async () => {
	const reply = await send('hello'), one = `/chatroom/${room}/message/${reply}/events`;
	await stored(reply);
	const t = await ticket();
	assertProblem(await get(`${one}?ticket=${t.ticket}`), 401);
	assertProblem(await get(t.url), 401); // used up by the try
	const u = await ticket();
	for (const [method, path] of [['POST', `/chatroom/${room}/message`], ['GET', `/chatroom/${room}`], ['GET', '/user/me'], ['POST', `${one.slice(0, -7)}/stop`], ['POST', '/events/ticket']])
		assertProblem(await anyone.call(method, `${path}?ticket=${u.ticket}`, method === 'POST' ? { content: 'x', path: t.path } : undefined), 401);
	assert.equal((await fetch(stack.base + u.url, { method: 'HEAD' })).status, 401);
	assert.equal((await get(u.url)).status, 200); // none of them used it

	const other = await signUp(stack.base); // may ask, and sees nothing of it
	assertProblem(await get((await ticket(`/chatroom/${room}/events`, other)).url), 404);
	const v = await ticket();
	assertProblem(await get(v.url, { headers: { authorization: 'Bearer x' } }), 401); // a token that is given must be good
	assert.equal((await get(v.url)).status, 200);
});

test('what is no ticket, and what is no path of a stream', async () => {
	const { ticket: t } = await ticket();
	const path = `/chatroom/${room}/events`;
	for (const q of ['ticket=', 'ticket', `ticket=${t.slice(1)}`, `ticket=${t}x`, 'ticket=%zz', `ticket=${'A'.repeat(43)}`, `ticket=${'*'.repeat(43)}`, 'x=1'])
		assertProblem(await get(`${path}?${q}`), 401);
	assertProblem(await get(`${path}?ticket=${t}&ticket=${t}`), 400);
	assertProblem(await get(path), 401);
	for (const bad of ['', '/', '/chatroom', `/chatroom/${room}`, '/chatroom/x/events', `${path}?x=1`, `${path}/`.repeat(2), `https://x${path}`, `/chatroom/${room}/message/x/events`, `${path}#`])
		assertProblem(await me.post('/events/ticket', { path: bad }), 400);
	assertProblem(await me.post('/events/ticket', {}), 400);
	assertProblem(await anyone.post('/events/ticket', { path }), 401);
});

test('Redis holds a digest that expires; no log holds a ticket', async () => {
	const t = await ticket();
	const keys = await stack.redis('KEYS', 'castor:*:ticket:*');
	assert.ok(keys.length > 0 && !keys.join().includes(t.ticket));
	for (const key of keys) {
		const ttl = await stack.redis('TTL', key);
		assert.ok(ttl > 0 && ttl <= 30, `${ttl}`);
		assert.ok(!(await stack.redis('GET', key)).includes(t.ticket));
	}
	const used = await ticket();
	assert.equal((await get(used.url)).status, 200);
	assertProblem(await get(used.url), 401);
	await until('it stands in the access log', async () => (await readFile(join(stack.dir, 'log/gateway.log'), 'utf8')).includes('/chatroom/{id}/events'));
	for (const name of await readdir(join(stack.dir, 'log')))
		assert.ok(!(await readFile(join(stack.dir, 'log', name), 'utf8')).includes(used.ticket), name);

	await stack.redis('DEL', ...keys); // as if 30 s had passed
	assertProblem(await get(t.url), 401);
});

test('a session that has ended: neither its ticket nor its stream goes on', async () => {
	const user = await signUp(stack.base);
	const mine = (await user.post('/chatroom', { name: 'r' })).json.id;
	const t = await ticket(`/chatroom/${mine}/events`, user), u = await ticket(`/chatroom/${mine}/events`, user);
	const r = await fetch(stack.base + t.url);
	assert.equal(r.status, 200);
	assert.equal((await user.post('/auth/logout')).status, 204);
	await r.text(); // its stream ends
	assertProblem(await get(u.url), 401);
});

test('without Redis: 503', async () => {
	const t = await ticket();
	const pid = await stack.pid('redis');
	process.kill(pid, 'SIGKILL');
	const refused = await until('it is noticed', async () => {
		const [made, used] = [await me.post('/events/ticket', { path: t.path }), await get(t.url)];
		return (made.status === 503 || used.status === 503) && [made, used];
	}, { everyMs: 1 });
	for (const r of refused)
		if (r.status !== 201 && r.status !== 401)
			assertProblem(r, 503);
	await until('Redis is back', async () => (await me.post('/events/ticket', { path: t.path })).status === 201);
});

test("npm eventsource through a ticket: a reply's stream to its end", async () => {
	const reply = await send(`node ${slow}`);
	const { url } = await ticket(`/chatroom/${room}/message/${reply}/events`);
	const t = teller(), source = new EventSource(stack.base + url);
	const last = await new Promise((done, fail) => {
		source.addEventListener('error', (ev) => ev.code && fail(new Error(`${ev.code}`)));
		for (const name of names)
			source.addEventListener(name, (ev) => {
				t.take({ event: name, data: JSON.parse(ev.data) });
				if (name === 'reply.done')
					done(ev);
			});
	});
	// It comes back with the used ticket, is told 401, and gives up.
	const gone = await new Promise((done) => source.addEventListener('error', (ev) => ev.code && done(ev)));
	assert.equal(gone.code, 401);
	assert.equal(source.readyState, EventSource.CLOSED);
	assert.equal(t.replies.get(reply).text, (await stored(reply)).content);
	const again = await ticket(`/chatroom/${room}/message/${reply}/events`);
	assert.equal((await get(`${again.url}&last_event_id=${last.lastEventId}`)).status, 204);
});

test('a page in Chromium, of another origin: a room by native EventSource, on after a cut with a new ticket', async () => {
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
	});
	const tab = await browser.newPage();
	await tab.goto(`http://127.0.0.1:${page.address().port}/`);
	await tab.evaluate(({ base, path, token, names }) => {
		const seen = window.seen = { events: [], opened: 0, refused: 0 };
		const follow = window.follow = async (lastId) => {
			const r = await fetch(`${base}/events/ticket`, { method: 'POST', body: JSON.stringify({ path }),
				headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } }).catch(() => null);
			if (r?.status !== 201)
				return void setTimeout(() => follow(lastId), 100);
			const { url } = await r.json();
			const source = window.source = new EventSource(base + url + (lastId ? `&last_event_id=${encodeURIComponent(lastId)}` : ''));
			source.onopen = () => seen.opened++;
			source.onerror = () => {
				if (source.readyState !== EventSource.CLOSED)
					return; // it tries the used ticket by itself, and is told 401
				seen.refused++;
				follow(lastId);
			};
			for (const name of names)
				source.addEventListener(name, (ev) => {
					lastId = ev.lastEventId;
					seen.events.push({ event: name, data: JSON.parse(ev.data) });
				});
		};
		return follow();
	}, { base: stack.base, path: `/chatroom/${room}/events`, token: me.tokens.access_token, names });
	const told = async () => {
		const t = teller();
		for (const ev of await tab.evaluate(() => window.seen.events))
			t.take(ev);
		return t;
	};
	await until('it is open', () => tab.evaluate(() => window.seen.opened === 1));
	const ids = [await send(`page ${slow}`), await send(`page too ${slow}`)];
	await until('text comes', async () => (await told()).replies.get(ids[0])?.text.length > 100);
	process.kill(await stack.pid('chat'), 'SIGKILL');
	await until('both have ended', async () => (await told()).ended(ids));
	const t = await told();
	for (const id of ids)
		assert.equal(t.replies.get(id).text, (await stored(id)).content);
	assert.deepEqual([...t.replies.keys()].sort(), [...ids].sort());
	assert.ok(await tab.evaluate(() => window.seen.opened > 1 && window.seen.refused > 0));
});
