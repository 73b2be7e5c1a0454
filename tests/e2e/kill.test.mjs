// A first test of what must never be lost: the worker killed in mid-reply, Redis emptied under way.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { signUp } from './lib/client.mjs';
import { sleep, startStack, until } from './lib/stack.mjs';

let stack;

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000', WORKER_LEASE_MS: '2000', WORKER_CONCURRENCY: '20' });
});
after(() => stack?.stop());

async function send(me, room, n, content) {
	const answers = await Promise.all(Array.from({ length: n }, (_, i) => me.post(`/chatroom/${room}/message`, { content: `${content} ${i}` })));
	return answers.map((r) => {
		assert.equal(r.status, 202, r.text);
		return r.json.reply.id;
	});
}

async function assertEachOnce(me, room, promised) {
	await until('nothing is owed', async () => (await stack.psql('select count(*) from chat.jobs')) === '0', { tries: 1200 });
	const { messages } = (await me.get(`/chatroom/${room}?limit=100`)).json;
	const replies = messages.filter((m) => m.sender === 'gemini');
	assert.deepEqual(replies.map((m) => m.id).sort(), [...promised].sort());
	assert.deepEqual([...new Set(replies.map((m) => m.state))], ['complete']);
	assert.equal(await stack.psql(`select count(*) from chat.ledger l join chat.messages m on m.id = l.reply_id where m.room_id = '${room}'`),
		String(promised.length));
}

async function roomOf(me) {
	return (await me.post('/chatroom', { name: 'r' })).json.id;
}

const inHand = () => stack.psql('select count(*) from chat.jobs where lease_until > now()').then(Number);

test('kill -9 of the worker in mid-reply', async () => {
	const me = await signUp(stack.base);
	const room = await roomOf(me);
	const promised = await send(me, room, 30, '[[chunks=10]] [[chunk_delay=100]]');
	await until('the worker is at it', async () => (await inHand()) > 0);
	process.kill(await stack.pid('ai-worker'), 'SIGKILL');
	await assertEachOnce(me, room, promised);
});

test('Redis killed, emptied and started again with jobs in flight; messages are accepted meanwhile', async () => {
	const me = await signUp(stack.base);
	const room = await roomOf(me);
	const promised = await send(me, room, 30, '[[chunks=5]] [[chunk_delay=100]]');
	await until('the worker is at it', async () => (await inHand()) > 0);
	process.kill(await stack.pid('redis'), 'SIGKILL');
	promised.push(...await send(me, room, 10, 'while Redis is away'));
	await assertEachOnce(me, room, promised);
});

test('FLUSHALL with jobs waiting', async () => {
	const me = await signUp(stack.base);
	const room = await roomOf(me);
	const promised = await send(me, room, 40, '[[delay=300]]');
	await stack.redis('FLUSHALL');
	await assertEachOnce(me, room, promised);
});

test('Postgres restarted: accepted work is finished, requests meanwhile are refused cleanly', async () => {
	const me = await signUp(stack.base);
	const room = await roomOf(me);
	const promised = await send(me, room, 20, '[[delay=500]]');
	process.kill(await stack.pid('postgres'), 'SIGINT'); // fast shutdown; the supervisor starts it again
	for (let i = 0; i < 20; i++) {
		const r = await me.post(`/chatroom/${room}/message`, { content: `meanwhile ${i}` });
		if (r.status === 202)
			promised.push(r.json.reply.id);
		else
			assert.equal(r.status, 503, r.text);
	}
	await until('Postgres is back', async () => (await me.get(`/chatroom/${room}`)).status === 200);
	await until('nothing is owed', async () => (await stack.psql('select count(*) from chat.jobs')) === '0', { tries: 1200 });
	const { messages } = (await me.get(`/chatroom/${room}?limit=100`)).json;
	const done = new Set(messages.filter((m) => m.state === 'complete' && m.sender === 'gemini').map((m) => m.id));
	for (const id of promised)
		assert.ok(done.has(id), id);
});

// With a sanitizer in the build its word is in the log; without one only an end out of order is.
test('a chat copy that is told to leave while the record is silent leaves in order', async () => {
	const pid = await stack.pid('chat');
	const silent = stack.psql('begin; lock table chat.jobs in access exclusive mode; select pg_sleep(3); commit');
	await sleep(1000); // the sweep has asked
	process.kill(pid, 'SIGTERM');
	await until('it is gone', () => {
		try {
			return !process.kill(pid, 0);
		} catch {
			return true;
		}
	});
	await silent;
	assert.match(await readFile(join(stack.dir, 'log', 'chat.log'), 'utf8'), new RegExp('"event":"stopping"[^]*"event":"stopped"'));
});

test('stopped while its worker was dying: the next one calls no model for it', async () => {
	const me = await signUp(stack.base);
	const room = await roomOf(me);
	const [reply] = await send(me, room, 1, '[[delay=20000]]');
	await until('the worker is at it', async () => (await inHand()) > 0);
	const worker = await stack.pid('ai-worker');
	process.kill(worker, 'SIGSTOP'); // it hears nothing of it
	const stopped = await me.post(`/chatroom/${room}/message/${reply}/stop`, {});
	assert.equal(stopped.json.state, 'stopping');
	process.kill(worker, 'SIGKILL');
	const m = await until('it is stopped', async () => {
		const { messages } = (await me.get(`/chatroom/${room}`)).json;
		return messages.find((one) => one.id === reply && one.state === 'stopped');
	});
	assert.equal(m.content, '');
	assert.equal(await stack.psql('select count(*) from chat.jobs'), '0');
});
