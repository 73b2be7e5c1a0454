// Replies as they are written: exact over any number of cuts, stopped when asked, handed over at a drain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, signUp } from './lib/client.mjs';
import { events } from './lib/events.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, me, room;
const slow = '[[chunks=30]] [[chunk_delay=40]] [[bytes=3000]]';

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000', WORKER_LEASE_MS: '2000' });
	me = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
});
after(() => stack?.stop());

const headers = (more) => ({ authorization: `Bearer ${me.tokens.access_token}`, ...more });
const open = (reply, lastId, signal) => fetch(`${stack.base}/chatroom/${room}/message/${reply}/events`,
	{ headers: headers(lastId && { 'last-event-id': lastId }), signal });

async function send(content) {
	const sent = await me.post(`/chatroom/${room}/message`, { content });
	assert.equal(sent.status, 202, sent.text);
	return sent.json.reply.id;
}

async function stored(reply) {
	return until('its end', async () => (await me.get(`/chatroom/${room}?limit=100`)).json.messages
		.find((m) => m.id === reply && !['queued', 'generating'].includes(m.state)));
}

// Reads to the end through cuts after every `n` events; gives the text that a client has put together.
async function readThroughCuts(reply, n, atCut = async () => {}) {
	let text = '', lastId, end, cuts = 0;
	for (let tries = 0; !end && tries < 400; tries++) {
		const stop = new AbortController();
		const r = await open(reply, lastId, stop.signal).catch(() => null);
		if (r?.status !== 200) {
			await r?.text();
			await new Promise((done) => setTimeout(done, 50));
			continue;
		}
		let seen = 0;
		try {
			for await (const ev of events(r)) {
				lastId = ev.id;
				if (ev.event === 'reply.started')
					text = '';
				else if (ev.event === 'reply.delta')
					text += ev.data.text;
				else
					end = ev;
				if (end || ++seen === n)
					break;
			}
		} catch {
			// the connection was cut from the other side
		}
		stop.abort();
		cuts++;
		await atCut(cuts);
	}
	assert.ok(end, 'the stream told an end');
	return { text, end, cuts };
}

test('a stream tells the reply byte for byte, from its beginning', async () => {
	const reply = await send(`hello ${slow}`);
	const { text, end } = await readThroughCuts(reply, Infinity);
	const m = await stored(reply);
	assert.equal(end.event, 'reply.done');
	assert.equal(end.data.state, 'complete');
	assert.equal(text, m.content);
	assert.ok(m.content.length >= 2000);
});

test('over cuts after every event: nothing lost, nothing twice', async () => {
	const reply = await send(`cut me ${slow}`);
	const { text, cuts } = await readThroughCuts(reply, 1);
	assert.ok(cuts > 5, `${cuts} cuts`);
	assert.equal(text, (await stored(reply)).content);
});

test('after the end, and after the log is gone: the rest from the record', async () => {
	const reply = await send(`later ${slow}`);
	const r = await open(reply);
	let text = '', lastId;
	for await (const ev of events(r)) {
		lastId = ev.id;
		text += ev.data.text ?? '';
		if (text.length > 300)
			break;
	}
	const m = await stored(reply);
	await stack.redis('FLUSHALL');
	for await (const ev of events(await open(reply, lastId)))
		text += ev.data.text ?? '';
	assert.equal(text, m.content);
	let whole = '';
	for await (const ev of events(await open(reply)))
		whole += ev.data.text ?? '';
	assert.equal(whole, m.content);
});

test('many readers of one reply', async () => {
	const reply = await send(`many ${slow}`);
	const all = await Promise.all(Array.from({ length: 30 }, (_, i) => readThroughCuts(reply, i % 3 ? Infinity : 4)));
	const m = await stored(reply);
	for (const { text } of all)
		assert.equal(text, m.content);
});

test('the worker is killed in mid-reply: readers are told to start anew, and end with what is stored', async () => {
	const reply = await send(`kill ${slow}`);
	let killed = false;
	const { text } = await readThroughCuts(reply, 6, async () => {
		if (!killed)
			process.kill(await stack.pid('ai-worker'), 'SIGKILL');
		killed = true;
	});
	assert.equal(text, (await stored(reply)).content);
});

test('chat is drained, then killed, then Redis: readers go on', async () => {
	for (const [name, signal] of [['chat', 'SIGTERM'], ['chat', 'SIGKILL'], ['gateway', 'SIGTERM'], ['redis', 'SIGKILL']]) {
		const reply = await send(`${name} ${slow}`);
		let done = false;
		const { text } = await readThroughCuts(reply, 6, async () => {
			if (!done)
				process.kill(await stack.pid(name), signal);
			done = true;
		});
		assert.equal(text, (await stored(reply)).content, `${name} ${signal}`);
	}
});

test('POST with Accept: text/event-stream answers with the stream of its own reply', async () => {
	const r = await fetch(`${stack.base}/chatroom/${room}/message`, { method: 'POST',
		headers: headers({ accept: 'text/event-stream', 'content-type': 'application/json' }), body: JSON.stringify({ content: `now ${slow}` }) });
	assert.equal(r.status, 200);
	assert.match(r.headers.get('content-type'), /^text\/event-stream/);
	let text = '', first, last;
	for await (const ev of events(r)) {
		first ??= ev;
		last = ev;
		text += ev.event === 'reply.delta' ? ev.data.text : '';
	}
	assert.equal(first.event, 'message.accepted');
	assert.equal(last.event, 'reply.done');
	assert.equal(text, (await stored(first.data.reply.id)).content);
});

test('Prefer: wait answers the finished reply, or 202 when it takes longer', async () => {
	const quick = await me.post(`/chatroom/${room}/message`, { content: 'quick' }, { prefer: 'wait=20' });
	assert.equal(quick.status, 200, quick.text);
	assert.equal(quick.json.reply.state, 'complete');
	assert.equal(quick.json.reply.content, (await stored(quick.json.reply.id)).content);
	const late = await me.post(`/chatroom/${room}/message`, { content: 'late [[delay=3000]]' }, { prefer: 'wait=1' });
	assert.equal(late.status, 202, late.text);
	assert.equal(late.json.reply.state, 'queued');
});

test('leaving does not stop; stop does, and closes the call to the model', async () => {
	const left = await send(`left ${slow}`);
	const gone = new AbortController();
	for await (const ev of events(await open(left, undefined, gone.signal)))
		if (ev.event === 'reply.delta')
			break;
	gone.abort();
	assert.equal((await stored(left)).state, 'complete');

	const stats = async () => (await fetch(`${stack.env.GEMINI_BASE_URL}/__stats`)).json();
	const reply = await send('[[chunks=100]] [[chunk_delay=100]] [[bytes=5000]] stop me');
	const got = [];
	for await (const ev of events(await open(reply))) {
		got.push(ev);
		if (got.length === 4) {
			const r = await me.post(`/chatroom/${room}/message/${reply}/stop`);
			assert.equal(r.status, 202, r.text);
			assert.equal(r.json.state, 'stopping');
		}
	}
	assert.equal(got.at(-1).event, 'reply.stopped');
	const m = await stored(reply);
	assert.equal(m.state, 'stopped');
	assert.equal(m.content, got.map((ev) => ev.data.text ?? '').join(''));
	assert.ok(m.content.length > 0 && m.content.length < 4000);
	await until('the call is closed', async () => (await stats()).open_streams === 0);
	assert.equal((await me.post(`/chatroom/${room}/message/${reply}/stop`)).json.state, 'ended');
});

test("streams of others' replies, of none, and with odd places", async () => {
	const reply = await send('mine');
	const other = await signUp(stack.base);
	assertProblem(await other.get(`/chatroom/${room}/message/${reply}/events`), 404);
	assertProblem(await other.post(`/chatroom/${room}/message/${reply}/stop`), 404);
	assertProblem(await me.get(`/chatroom/${room}/message/${room}/events`), 404);
	for (const id of ['x', '1', '-1-0000000000000000', '1-00', '99999999999999999999-0000000000000000', '1-ABCDEF0123456789'])
		assertProblem(await me.get(`/chatroom/${room}/message/${reply}/events`, { 'last-event-id': id }), 400);
	const m = await stored(reply);
	let text = '';
	for await (const ev of events(await open(reply, '3-0123456789abcdef'))) // not how the text begins: from the start
		text += ev.data.text ?? '';
	assert.equal(text, m.content);
});

test('who was told everything, and comes back, is told nothing more: 204', async () => {
	const reply = await send(`all ${slow}`);
	let last, before;
	for await (const ev of events(await open(reply))) {
		before = last;
		last = ev;
	}
	assert.equal(last.event, 'reply.done');
	const again = await open(reply, last.id);
	assert.equal(again.status, 204);
	assert.equal(await again.text(), '');
	const end = [];
	for await (const ev of events(await open(reply, before.id))) // all its text, and not its end
		end.push(ev);
	assert.deepEqual(end.map((ev) => [ev.event, ev.id]), [['reply.done', last.id]]);
	let text = '';
	for await (const ev of events(await open(reply, last.id.replace(/^\d+/, '3')))) // the end of something else
		text += ev.data.text ?? '';
	assert.equal(text, (await stored(reply)).content);
});

test('a reply larger than what may wait for a client reaches a slow one whole', async () => {
	const reply = await send('[[chunks=4]] [[bytes=3000000]] large');
	const m = await stored(reply);
	const r = await open(reply);
	await new Promise((done) => setTimeout(done, 500)); // nothing is read meanwhile
	let text = '', most = 0;
	for await (const ev of events(r)) {
		text += ev.data.text ?? '';
		most = Math.max(most, ev.data.text?.length ?? 0);
	}
	assert.ok(m.content.length >= 1000000, `${m.content.length}`);
	assert.equal(text, m.content);
	assert.ok(most <= 16 << 10, `a piece of ${most}`);
});
