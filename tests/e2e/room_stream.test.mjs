// All replies of a room in one stream: side by side, exact over cuts, copies of chat, kills, and a new Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { assertProblem, signUp } from './lib/client.mjs';
import { startCopy } from './lib/copy.mjs';
import { events, teller } from './lib/events.mjs';
import { sleep, startStack, until } from './lib/stack.mjs';

let stack, copy, me;
const slow = '[[chunks=25]] [[chunk_delay=40]] [[bytes=2500]]';

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '10000', WORKER_LEASE_MS: '2000', STREAMS_PER_USER: '8' });
	copy = await startCopy(stack, 'chat');
	me = await signUp(stack.base);
});
after(async () => {
	const { code } = (await copy?.kill('SIGTERM')) ?? {};
	assert.doesNotMatch(copy?.log() ?? '', /Sanitizer|runtime error|Assertion/);
	await stack?.stop();
	if (copy)
		assert.equal(code, 0);
});

const newRoom = async (who = me) => (await who.post('/chatroom', { name: 'r' })).json.id;
const headers = (more) => ({ authorization: `Bearer ${me.tokens.access_token}`, ...more });
const open = (room, lastId, signal, base = stack.base) => fetch(`${base}/chatroom/${room}/events`,
	{ headers: headers(lastId && { 'last-event-id': lastId }), signal });

async function send(room, content) {
	const sent = await me.post(`/chatroom/${room}/message`, { content });
	assert.equal(sent.status, 202, sent.text);
	return sent.json.reply.id;
}

async function stored(room) {
	const all = await until('all have ended', async () => {
		const { messages } = (await me.get(`/chatroom/${room}?limit=100`)).json;
		return messages.every((m) => !['queued', 'generating'].includes(m.state)) && messages;
	});
	return new Map(all.filter((m) => m.sender === 'gemini').map((m) => [m.id, m]));
}

// What was told is what is stored, of each and of no other.
async function assertExact(room, told, ids) {
	const replies = await stored(room);
	assert.deepEqual([...told.keys()].sort(), [...ids].sort());
	for (const [id, r] of told)
		assert.equal(r.text, replies.get(id).content, id);
}

// Reads until `done`, coming back after every `n` events, each time at the next of `bases`.
async function readThroughCuts(room, n, done, { bases = [stack.base], atCut = async () => {}, lastId } = {}) {
	const t = teller();
	let cuts = 0;
	for (let tries = 0; !done(t) && tries < 2000; tries++) {
		const stop = new AbortController();
		const r = await open(room, lastId, stop.signal, bases[tries % bases.length]).catch(() => null);
		if (r?.status !== 200) {
			await r?.text();
			await sleep(50);
			continue;
		}
		let seen = 0;
		try {
			for await (const ev of events(r)) {
				lastId = ev.id;
				t.take(ev);
				if (done(t) || ++seen >= n)
					break;
			}
		} catch {
			// cut from the other side
		}
		stop.abort();
		await atCut(++cuts);
	}
	assert.ok(done(t), 'everything was told');
	return { ...t, cuts, lastId };
}

test('those that are owed and those that come later, side by side', async () => {
	const room = await newRoom();
	const before = await send(room, 'ended before');
	await stored(room);
	const ids = [await send(room, `a ${slow}`), await send(room, `b ${slow}`)];
	const order = [], stop = new AbortController(), t = teller();
	let later;
	for await (const ev of events(await open(room, undefined, stop.signal))) {
		t.take(ev);
		order.push(ev.data.id);
		if (order.length === 5)
			later = [send(room, `c ${slow}`), send(room, 'short'), send(room, '[[block=SAFETY]]')];
		if (later && t.ended([...ids, ...await Promise.all(later)]))
			break;
	}
	stop.abort();
	ids.push(...await Promise.all(later));
	await assertExact(room, t.replies, ids);
	assert.ok(!t.replies.has(before));
	assert.ok([...t.replies.values()].every((r) => r.started === 1 && r.ends === 1));
	assert.ok(order.lastIndexOf(ids[0]) > order.indexOf(ids[1]), 'interleaved');
	assert.equal(t.replies.get(ids[4]).end, 'reply.blocked');
});

test('a cut after every event, on another copy each time: nothing lost, nothing twice', async () => {
	const room = await newRoom();
	const ids = [];
	for (let i = 0; i < 4; i++)
		ids.push(await send(room, `${i} [[chunks=25]] [[chunk_delay=150]] [[bytes=2500]]`)); // slower than coming back takes
	const { replies, cuts } = await readThroughCuts(room, 1, (t) => t.ended(ids), { bases: [stack.base, copy.base] });
	await assertExact(room, replies, ids);
	assert.ok(cuts > 40, `${cuts} cuts`);
	for (const r of replies.values())
		assert.deepEqual([r.started, r.ends], [1, 1]);
});

test('away while replies come, end, and their logs are lost: all of them are told', async () => {
	const room = await newRoom();
	const ids = [await send(room, `half ${slow}`)];
	const first = await readThroughCuts(room, Infinity, (t) => t.replies.get(ids[0])?.text.length > 200);
	for (let i = 0; i < 100; i++)
		ids.push(await send(room, `away ${i}`));
	await until('nothing is owed', async () => (await stack.psql('select count(*) from chat.jobs')) === '0');
	await stack.redis('FLUSHALL');
	const rest = await readThroughCuts(room, 7, (t) => t.ended(ids), { lastId: first.lastId });
	assert.equal(rest.replies.get(ids[0]).started, 0); // goes on where it was
	rest.replies.get(ids[0]).text = first.replies.get(ids[0]).text + rest.replies.get(ids[0]).text;
	for (const id of ids)
		assert.equal(rest.replies.get(id).text, await stack.psql(`select content from chat.messages where id = '${id}'`));
});

test('npm eventsource as the judge, while chat is drained and killed and Redis starts anew', async () => {
	const room = await newRoom();
	const t = teller(), ids = [];
	const source = new EventSource(`${stack.base}/chatroom/${room}/events`, {
		fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers() } }).then((r) =>
			// it gives up for good on any other status
			(r.status >= 500 ? Promise.reject(new Error(`${r.status}`)) : r)),
	});
	for (const name of ['reply.started', 'reply.delta', 'reply.done', 'reply.failed'])
		source.addEventListener(name, (ev) => t.take({ event: name, data: JSON.parse(ev.data) }));
	await new Promise((done) => source.addEventListener('open', done, { once: true }));
	try {
		for (const [name, signal] of [['chat', 'SIGTERM'], ['chat', 'SIGKILL'], ['gateway', 'SIGKILL'], ['redis', 'SIGKILL']]) {
			const some = [await send(room, `${name} ${slow}`), await send(room, `too ${slow}`)];
			ids.push(...some);
			await until('text comes', () => some.every((id) => t.replies.get(id)?.text.length > 100));
			process.kill(await stack.pid(name), signal);
			await until(`ended, after ${name} ${signal}`, () => t.ended(some), { tries: 1200 });
		}
	} finally {
		source.close();
	}
	await assertExact(room, t.replies, ids);
});

test('a doorbell that was lost: the record is asked', async () => {
	const room = await newRoom();
	const r = await open(room);
	const reading = (async () => {
		const t = teller();
		for await (const ev of events(r)) {
			t.take(ev);
			if (t.replies.get(ev.data.id).end)
				return t;
		}
	})();
	// As send.c does it, but for the ring (and the queue: the sweep finds what is not in there).
	const id = (ms) => `${ms.toString(16).padStart(12, '0').replace(/(.{8})/, '$1-')}-7000-8000-${randomBytes(6).toString('hex')}`;
	const message = id(Date.now()), reply = id(Date.now() + 1); // in the order of the conversation
	const user = (await me.get(`/chatroom/${room}`)).json.user_id;
	await stack.psql(`select chat.accept_messages(array['${user}']::uuid[], array['${room}']::uuid[], array['${message}']::uuid[],
		array['${reply}']::uuid[], array['hello'], array[null]::text[], array[null]::bytea[], array[null]::text[],
		array[10], array[null]::text[], array[null]::uuid[], 10000, 10000, 0, 0)`);
	const t = await reading;
	assert.equal(t.replies.get(reply).end, 'reply.done');
});

test('HEAD of a stream is answered whole: the connection goes on', async () => {
	const room = await newRoom();
	const { port, hostname } = new URL(stack.base);
	const head = (method, path) => `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${me.tokens.access_token}\r\n\r\n`;
	for (const base of [{ port, hostname }, new URL(copy.base)]) {
		const text = await new Promise((done, fail) => {
			const socket = connect(Number(base.port), base.hostname);
			let got = '';
			socket.on('error', fail);
			socket.on('close', () => done(got));
			socket.on('data', (d) => {
				got += d;
				if (got.split('HTTP/1.1 ').length === 3)
					socket.destroy();
			});
			socket.write(head('HEAD', `/chatroom/${room}/events`) + head('GET', '/nowhere'));
		});
		assert.match(text, /^HTTP\/1\.1 200 [^]*text\/event-stream[^]*\r\n\r\nHTTP\/1\.1 404 /);
	}
});

test('a place that cannot be read, a room of somebody else, and too many streams', async () => {
	const room = await newRoom(), floor = '01995f00-0000-7000-8000-00000000000a';
	for (const id of ['x', '1-0123456789abcdef', `${floor}.`, `${floor}.00000000000B`, floor + '.00000000000b'.repeat(65)])
		assertProblem(await me.get(`/chatroom/${room}/events`, { 'last-event-id': id }), 400);
	assertProblem(await me.get(`/chatroom/${room}/events?last_event_id=x`), 400);
	const other = await signUp(stack.base);
	assertProblem(await other.get(`/chatroom/${room}/events`), 404);
	assertProblem(await me.get('/chatroom/x/events'), 404);

	const stop = new AbortController();
	const opened = await Promise.all(Array.from({ length: 40 }, () => open(room, undefined, stop.signal)));
	assert.deepEqual(opened.map((r) => r.status).sort(), [...Array(8).fill(200), ...Array(32).fill(429)]);
	assertProblem(await me.get(`/chatroom/${room}/events`), 429, 'too_many_streams');
	stop.abort();
	await until('there is room again', async () => {
		const again = new AbortController();
		const { status } = await open(room, undefined, again.signal);
		again.abort();
		return status === 200;
	});
});
