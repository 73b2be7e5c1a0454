// Replies that failed are kept for an operator: listed, shown, put back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signUp } from './lib/client.mjs';
import { assertInvariants } from './lib/invariants.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, me, room;
const binary = resolve(fileURLToPath(import.meta.url), '../../..', process.env.CASTOR_BUILD ?? process.env.BUILD ?? 'build', 'bin/ai-worker');

before(async () => {
	stack = await startStack({ BASIC_DAILY_MESSAGES: '1000', WORKER_RETRY_BASE_MS: '20', WORKER_ATTEMPTS: '2' });
	me = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
});
after(async () => {
	try {
		if (stack)
			await assertInvariants(stack);
	} finally {
		await stack?.stop();
	}
});

// { code, out, err } of `ai-worker dead ...`
function dead(...words) {
	return new Promise((done) => {
		execFile(binary, ['dead', ...words], { env: { ...process.env, DATABASE_URL: stack.env.AI_WORKER_DATABASE_URL } },
			(err, out, errors) => done({ code: err ? err.code : 0, out, err: errors }));
	});
}
const list = async () => JSON.parse((await dead('list', '--json')).out);

async function reply(id, wanted) {
	return until(`${id} is ${wanted}`, async () => (await me.get(`/chatroom/${room}?limit=100`)).json.messages
		.find((m) => m.id === id && wanted.includes(m.state)));
}

async function fail(how) {
	const sent = await me.post(`/chatroom/${room}/message`, { content: `please [[${how}]]` });
	assert.equal(sent.status, 202, sent.text);
	await reply(sent.json.reply.id, ['failed']);
	return sent.json.reply.id;
}

test('what is misused is told how', async () => {
	for (const words of [[], ['bury'], ['list', 'x'], ['list', '--limit'], ['list', '--limit', '0'], ['list', '--all'], ['show'], ['show', 'x'],
		['requeue'], ['requeue', 'x'], ['requeue', '--all', '0190a5c0-0000-7000-8000-000000000000'], ['requeue', '--json']]) {
		const r = await dead(...words);
		assert.equal(r.code, 2, words.join(' '));
		assert.match(r.err, /usage: ai-worker dead list/);
	}
});

test('nothing is dead yet', async () => {
	assert.deepEqual(await list(), []);
	assert.equal((await dead('show', '0190a5c0-0000-7000-8000-000000000000')).code, 1);
	assert.equal((await dead('requeue', '0190a5c0-0000-7000-8000-000000000000')).code, 1);
	assert.equal((await dead('requeue', '--all')).code, 0);
});

test('a reply that failed is listed with its reason, shown with its message', async () => {
	const id = await fail('status=400');
	const [letter] = await list();
	assert.equal(letter.reply_id, id);
	assert.equal(letter.chatroom_id, room);
	assert.equal(letter.tier, 'Basic');
	assert.equal(letter.attempts, 1);
	assert.match(letter.last_error, /^400 INVALID_ARGUMENT/);
	assert.ok(letter.reason.length > 10);
	assert.equal(letter.requeued_at, null);
	const table = (await dead('list')).out.trim().split('\n');
	assert.equal(table.length, 2);
	assert.match(table[0], /^REPLY +FAILED +TIER +ATTEMPTS/);
	assert.ok(table[1].startsWith(id));
	assert.match((await dead('show', id)).out, /please \[\[status=400\]\]/);
	assert.equal(JSON.parse((await dead('show', id, '--json')).out).message, 'please [[status=400]]');
});

test('put back while the cause stands it fails again, with as many attempts as before', async () => {
	const [{ reply_id: id, at }] = await list();
	const day = () => stack.psql(`select messages, tokens, reserved_tokens from chat.quota`);
	assert.equal(await day(), '0|0|0');
	const r = await dead('requeue', id);
	assert.equal(r.code, 0, r.err);
	assert.equal(r.out.trim(), id);
	const again = await until('it failed again', async () => (await list()).find((l) => l.at !== at && l.requeued_at === null));
	assert.equal(again.reply_id, id);
	assert.equal(again.attempts, 1);
	assert.equal(await day(), '0|0|0');
	assert.equal((await list()).length, 1);
});

test('put back when the cause is gone it ends well, and is listed no more', async () => {
	// The first two calls of this prompt fail, which is all the attempts there are.
	const id = await fail('fail_times=2 status=500');
	const others = (await list()).length - 1;
	assert.match((await list()).find((l) => l.reply_id === id).last_error, /^500/);
	assert.equal((await dead('requeue', id)).code, 0);
	const m = await reply(id, ['complete']);
	assert.ok(m.content.length > 0);
	assert.equal(m.error, undefined);
	assert.equal((await list()).length, others);
	assert.equal(await stack.psql('select messages from chat.quota'), '1');
});

test('all at once, each once', async () => {
	const ids = [];
	for (let i = 1; i <= 4; i++)
		ids.push(await fail(`fail_times=2 status=500 bytes=${i}0`));
	const count = (await list()).length;
	const both = await Promise.all([dead('requeue', '--all'), dead('requeue', '--all')]);
	const put = both.flatMap((r) => r.out.trim().split('\n')).filter(Boolean);
	assert.equal(new Set(put).size, count);
	// The one whose cause stands may have failed again before the second came to it.
	assert.deepEqual(put.filter((id) => ids.includes(id)).sort(), [...ids].sort());
	for (const id of ids)
		await reply(id, ['complete']);
	await until('one is left', async () => (await list()).every((l) => !ids.includes(l.reply_id) && l.requeued_at === null));
	await assertInvariants(stack);
});

test('put back and stopped it is listed no more', async () => {
	const id = await fail('fail_times=2 status=500 chunks=100 chunk_delay=100');
	await dead('requeue', id);
	await reply(id, ['generating']);
	await me.post(`/chatroom/${room}/message/${id}/stop`);
	await reply(id, ['stopped']);
	assert.ok((await list()).every((l) => l.reply_id !== id));
});

test('a reader of a reply that was put back is told its new text, not its old end', async () => {
	const id = await fail('fail_times=2 status=500 bytes=3000 chunks=30 chunk_delay=20');
	await dead('requeue', id);
	const r = await fetch(`${stack.base}/chatroom/${room}/message/${id}/events`, { headers: { authorization: `Bearer ${me.tokens.access_token}` } });
	const told = await r.text();
	assert.match(told, /event: reply.done/);
	assert.doesNotMatch(told, /event: reply.failed/);
	const m = await reply(id, ['complete']);
	const text = [...told.matchAll(/event: reply.delta\n.*\ndata: (.*)\n/g)].map((d) => JSON.parse(d[1]).text).join('');
	assert.equal(text, m.content);
});

test('without a database it says so', async () => {
	const r = await new Promise((done) => {
		execFile(binary, ['dead', 'list'], { env: { PATH: process.env.PATH } }, (err, out, errors) => done({ code: err?.code, errors }));
	});
	assert.equal(r.code, 2);
	assert.match(r.errors, /DATABASE_URL must be set/);
});
