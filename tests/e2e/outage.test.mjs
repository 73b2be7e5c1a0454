// What the model's own troubles do to replies: outages, limits, used-up days, and other models that step in.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { signUp } from './lib/client.mjs';
import { simulator } from './lib/simulator.mjs';
import { freePort, sleep, startStack, until } from './lib/stack.mjs';

const FIRST = 'gemini-3.6-flash', SECOND = 'gemini-2.5-flash';
let stack, gemini, between, trouble = {}, calls = [];

// Between the worker and the simulator: fails the calls of a model as `trouble` says.
function stand(port) {
	const server = createServer((req, res) => {
		const model = /models\/([^:/]+):/.exec(req.url)?.[1];
		const bad = trouble[model];
		if (model)
			calls.push(model);
		if (bad) {
			req.resume();
			res.writeHead(bad.status, { 'content-type': 'application/json' });
			res.end(JSON.stringify({ error: { code: bad.status, message: 'x', status: 'X', details: bad.details ?? [] } }));
			return;
		}
		const on = request(gemini.url + req.url, { method: req.method, headers: req.headers }, (answer) => {
			res.writeHead(answer.statusCode, answer.headers);
			answer.pipe(res);
		});
		on.on('error', () => res.destroy());
		req.pipe(on);
	});
	return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

before(async () => {
	gemini = await simulator('fake-gemini');
	const port = await freePort();
	between = await stand(port);
	stack = await startStack({
		GEMINI_BASE_URL: `http://127.0.0.1:${port}`, GEMINI_API_KEY: 'k', BASIC_DAILY_MESSAGES: '1000',
		GEMINI_MODEL: FIRST, GEMINI_FALLBACK_MODELS: SECOND, WORKER_RETRY_BASE_MS: '50',
	});
});
after(async () => {
	await stack?.stop();
	between?.close();
	between?.closeAllConnections();
	await gemini?.stop();
});

async function sender() {
	const me = await signUp(stack.base);
	const room = (await me.post('/chatroom', { name: 'r' })).json.id;
	return {
		say: async (content) => {
			const r = await me.post(`/chatroom/${room}/message`, { content });
			assert.equal(r.status, 202, r.text);
			return r.json.reply.id;
		},
		stop: (id) => me.post(`/chatroom/${room}/message/${id}/stop`, {}),
		// The first events of a reply's stream, or all if it ends before.
		firstEvents: async (id, n) => {
			const r = await fetch(`${stack.base}/chatroom/${room}/message/${id}/events`, { headers: { authorization: `Bearer ${me.tokens.access_token}` } });
			let text = '';
			for await (const bytes of r.body.pipeThrough(new TextDecoderStream())) {
				text += bytes;
				if ((text.match(/^event: /gm) ?? []).length >= n && text.endsWith('\n\n'))
					break;
			}
			return text;
		},
		messages: async () => (await me.get(`/chatroom/${room}?limit=100`)).json.messages,
		reply: async (id) => (await me.get(`/chatroom/${room}?limit=100`)).json.messages.find((m) => m.id === id),
	};
}
const isDone = (who, id) => until('the reply is done', async () => {
	const m = await who.reply(id);
	return !['queued', 'generating'].includes(m.state) && m;
});

test('while one model is down the next one answers', async () => {
	const me = await sender();
	trouble = { [FIRST]: { status: 503 } };
	const replies = [];
	for (let i = 0; i < 8; i++)
		replies.push(await me.say(`hello ${i}`));
	for (const id of replies) {
		const m = await isDone(me, id);
		assert.equal(m.state, 'complete', JSON.stringify(m));
		assert.equal(m.model, SECOND);
	}
	trouble = {};
	await until('the first model is asked again', async () => {
		const m = await isDone(me, await me.say('and now?'));
		return m.model === FIRST;
	});
});

test('an outage of all models burns no attempt; replies wait with their place and come when it is over', async () => {
	const me = await sender();
	trouble = { [FIRST]: { status: 503 }, [SECOND]: { status: 503 } };
	const replies = [];
	for (let i = 0; i < 12; i++)
		replies.push(await me.say(`hello ${i}`));
	await until('the breaker is open', async () => Number(await stack.redis('HGET', 'castor:dev:{gemini}:model.' + SECOND, 'down')) >= 5);
	await sleep(3000); // several probes
	assert.equal(await stack.psql('select max(attempts) from chat.jobs'), '0');
	const waiting = (await me.messages()).filter((m) => m.sender === 'gemini' && m.state === 'queued');
	assert.equal(waiting.length, 12);
	const places = waiting.map((m) => m.queue?.position).filter((n) => n > 0);
	assert.ok(places.length > 0, JSON.stringify(waiting.map((m) => m.queue)));
	assert.equal(new Set(places).size, places.length, 'no two at one place');
	const told = await me.firstEvents(replies[11], 1);
	assert.match(told, /^event: reply\.queued$/m);
	assert.match(told, /"position":\d+,"estimated_start":/);
	const [stopped] = await Promise.all([me.firstEvents(replies[11], 2), me.stop(replies[11])]);
	assert.match(stopped, /^event: reply\.stopped$/m);
	replies.pop();
	const before = calls.length;
	await sleep(1000);
	assert.ok(calls.length - before <= 4, `${calls.length - before} calls in a second to a model that is down`);
	trouble = {};
	for (const id of replies)
		assert.equal((await isDone(me, id)).state, 'complete');
});

test('a quota per day rests the model: nothing fails, the next one answers', async () => {
	const me = await sender();
	trouble = {
		[FIRST]: {
			status: 429,
			details: [
				{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }] },
				{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' },
			],
		},
	};
	assert.equal((await isDone(me, await me.say('one'))).model, SECOND);
	calls = [];
	await sleep(1500);
	assert.equal((await isDone(me, await me.say('two'))).model, SECOND);
	assert.ok(!calls.includes(FIRST), 'the first model is left alone until the day is over');
	trouble = {};
	await stack.redis('DEL', 'castor:dev:{gemini}:model.' + FIRST);
});

test('a model that does not exist is not asked again soon; the next one answers', async () => {
	const me = await sender();
	trouble = { [FIRST]: { status: 404 } };
	assert.equal((await isDone(me, await me.say('one'))).model, SECOND);
	calls = [];
	assert.equal((await isDone(me, await me.say('two'))).model, SECOND);
	assert.ok(!calls.includes(FIRST));
	trouble = {};
	await stack.redis('DEL', 'castor:dev:{gemini}:model.' + FIRST);
});

test('a prompt that the model breaks over comes to an end while others are answered', async () => {
	const me = await sender();
	const bad = await me.say('[[status=500]]');
	for (let i = 0; i < 6; i++)
		assert.equal((await isDone(me, await me.say(`fine ${i}`))).state, 'complete');
	const m = await isDone(me, bad);
	assert.equal(m.state, 'failed');
	assert.match(m.error, /several attempts/);
});

test('replies that were owed for too long end without keeping the others waiting', async () => {
	const me = await sender();
	trouble = { [FIRST]: { status: 503 }, [SECOND]: { status: 503 } };
	const replies = [];
	for (let i = 0; i < 6; i++)
		replies.push(await me.say(`hello ${i}`));
	await until('the breakers are open', async () => Number(await stack.redis('HGET', 'castor:dev:{gemini}:model.' + FIRST, 'down')) >= 5
		&& Number(await stack.redis('HGET', 'castor:dev:{gemini}:model.' + SECOND, 'down')) >= 5);
	const old = replies.splice(0, 4);
	await stack.psql(`update chat.jobs set created_at = now() - interval '2 days' where reply_id in (${old.map((id) => `'${id}'`)})`);
	trouble = {};
	for (const id of replies)
		assert.equal((await isDone(me, id)).state, 'complete');
	for (const id of old)
		assert.match((await isDone(me, id)).error, /in time/);
});
