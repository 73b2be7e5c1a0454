// Google's own SDK against the Gemini simulator: what it takes for Gemini is close enough.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { simulator, until } from './lib/simulator.mjs';

const model = 'gemini-3.8-flash';
const sdks = [['1.0.0', '@google/genai']];

// The newer one needs Node 20.
if (+process.versions.node.split('.')[0] >= 20)
	sdks.push(['2.32.0', '@google/genai-2']);

let fake;

before(async () => {
	fake = await simulator('fake-gemini');
});
after(async () => {
	assert.equal(await fake.stop(), 0);
});

async function collect(stream) {
	const chunks = [];
	for await (const c of stream)
		chunks.push(c);
	return chunks;
}

const textOf = (chunks) => chunks.map((c) => c.text ?? '').join('');

for (const [version, name] of sdks) {
	describe(`@google/genai ${version}`, async () => {
		const { GoogleGenAI } = await import(name);
		let ai;

		// The SDK's own retries would hide what the simulator says.
		before(() => {
			ai = new GoogleGenAI({
				apiKey: 'any', vertexai: false, httpOptions: { baseUrl: fake.url, retryOptions: { attempts: 1 } },
			});
		});
		const ask = (contents, config) => ai.models.generateContent({ model, contents, config });
		const stream = async (contents, config) =>
			collect(await ai.models.generateContentStream({ model, contents, config }));

		test('one answer', async () => {
			const r = await ask('Hello');
			assert.match(r.text, /^You wrote: "Hello"\. That is turn 1 of our talk\./);
			assert.equal(r.candidates[0].finishReason, 'STOP');
			assert.equal(r.modelVersion, model);
			assert.ok(r.responseId || version === '1.0.0');
			const u = r.usageMetadata;
			assert.equal(u.totalTokenCount, u.promptTokenCount + u.candidatesTokenCount);
			assert.equal((await ask('Hello')).text, r.text, 'the same prompt, the same answer');
		});

		test('a talk of several turns, with a system instruction', async () => {
			const r = await ask([
				{ role: 'user', parts: [{ text: 'One' }] },
				{ role: 'model', parts: [{ text: 'Yes' }] },
				{ role: 'user', parts: [{ text: 'Two' }] },
			], { systemInstruction: 'Be brief.', maxOutputTokens: 1000 });
			assert.match(r.text, /^You wrote: "Two"\. That is turn 2/);
		});

		test('a stream of pieces makes up the same answer', async () => {
			const whole = (await ask('Tell me [[chunks=7]]')).text;
			const chunks = await stream('Tell me [[chunks=7]]');
			assert.equal(chunks.length, 7);
			assert.equal(textOf(chunks), whole);
			assert.deepEqual(chunks.map((c) => c.candidates[0].finishReason),
				[...Array(6).fill(undefined), 'STOP']);
			const counts = chunks.map((c) => c.usageMetadata.candidatesTokenCount);
			assert.deepEqual(counts, [...counts].sort((a, b) => a - b), 'counts are cumulative');
			assert.equal(new Set(chunks.map((c) => c.responseId)).size, 1);
		});

		test('a stream with waits, in characters of every length', async () => {
			const text = 'aé€🙂 हिन्दी '.repeat(20).trim();
			const chunks = await stream(`[[echo chunks=40 chunk_delay=2]]${text}`);
			assert.equal(chunks.length, 40);
			assert.equal(textOf(chunks), text);
		});

		test('a thought is no part of the text', async () => {
			const chunks = await stream('Hm [[think]]');
			assert.equal(chunks[0].candidates[0].content.parts[0].thought, true);
			assert.match(textOf(chunks), /^You wrote/);
			assert.ok(chunks.at(-1).usageMetadata.thoughtsTokenCount > 0);
		});

		test('limits and blocks have their reasons', async () => {
			assert.equal((await ask('Hi', { maxOutputTokens: 5 })).candidates[0].finishReason, 'MAX_TOKENS');
			assert.equal((await ask('Hi [[finish=SAFETY]]')).candidates[0].finishReason, 'SAFETY');
			const blocked = await ask('Hi [[block=PROHIBITED_CONTENT]]');
			assert.equal(blocked.promptFeedback.blockReason, 'PROHIBITED_CONTENT');
			assert.equal(blocked.candidates, undefined);
			assert.equal(blocked.text, undefined);
		});

		test('tokens are counted', async () => {
			const r = await ai.models.countTokens({ model, contents: 'x'.repeat(40) });
			assert.equal(r.totalTokens, 10);
		});

		test('models are listed by pages, and shown', async () => {
			const names = [];
			for await (const m of await ai.models.list({ config: { pageSize: 2 } }))
				names.push(m.name);
			assert.ok(names.length > 4);
			assert.ok(names.includes(`models/${model}`));
			assert.equal((await ai.models.get({ model })).inputTokenLimit, 1048576);
		});

		test('a retired name is served by another model', async () => {
			const r = await ai.models.generateContent({ model: 'gemini-3.7-flash', contents: 'Hi' });
			assert.equal(r.modelVersion, 'gemini-3.8-flash');
		});

		test('refusals carry status and message', async () => {
			for (const status of [400, 403, 404, 429, 500, 503])
				await assert.rejects(ask(`No [[status=${status}]]`), (e) => e.status === status || e.message.includes(`"code":${status}`));
			await assert.rejects(stream('No [[status=503]]'), /overloaded/);
			await assert.rejects(ai.models.generateContent({ model: 'gemini-pro', contents: 'Hi' }), /not found/);
			await assert.rejects(ask('No [[perday]]'), /PerDay/);
		});

		test('without a key it is 403', async () => {
			const r = await fetch(`${fake.url}/v1beta/models`);
			assert.equal(r.status, 403);
			assert.equal((await r.json()).error.status, 'PERMISSION_DENIED');
		});

		test('an error in the middle of a stream is an error', async () => {
			// Apart from what came before it: the first SDK understands an error only where it is all of what it reads at a time.
			await assert.rejects(stream('Now [[error_after=2 chunk_delay=400]]'), /503|UNAVAILABLE/);
		});

		test('a cut stream is cut', async () => {
			await assert.rejects(stream('Now [[cut_after=2 chunk_delay=10]]'), /terminated|aborted|closed|fetch/i);
		});

		test('a stream can end without a reason', async () => {
			const chunks = await stream('Now [[no_finish]]');
			assert.equal(chunks.length, 4);
			assert.equal(chunks.at(-1).candidates[0].finishReason, undefined);
		});

		test('faults that hold for so many calls of one prompt', async () => {
			const prompt = `Try ${version} [[fail_times=2 status=500]]`;
			await assert.rejects(ask(prompt));
			await assert.rejects(ask(prompt));
			assert.match((await ask(prompt)).text, /^You wrote/);
		});

		const skip = version === '1.0.0' && 'this version does not pass the signal on';

		test('leaving is seen and counted', { skip }, async () => {
			const before = await fake.json('/__stats');
			const stop = new AbortController();
			const s = await ai.models.generateContentStream({
				model, contents: 'Slow [[chunks=1000 chunk_delay=20 bytes=4000]]', config: { abortSignal: stop.signal },
			});
			assert.equal((await fake.json('/__stats')).open_streams, before.open_streams + 1);
			stop.abort();
			await assert.rejects(collect(s));
			const now = await until('the abort', async () => {
				const st = await fake.json('/__stats');
				return st.aborted > before.aborted && st;
			});
			assert.ok(Math.abs(now.last_aborted_us / 1000 - Date.now()) < 60000);
		});
	});
}

test('without alt=sse a stream is one JSON array', async () => {
	const r = await fetch(`${fake.url}/v1beta/models/${model}:streamGenerateContent`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'x-goog-api-key': 'k' },
		body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hi [[chunks=3]]' }] }] }),
	});
	assert.match(r.headers.get('content-type'), /^application\/json/);
	const chunks = await r.json();
	assert.equal(chunks.length, 3);
	assert.equal(chunks[2].candidates[0].finishReason, 'STOP');
});

test('/v1 and snake_case serve too', async () => {
	const r = await fetch(`${fake.url}/v1/models/${model}:generateContent`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'x-goog-api-key': 'k' },
		body: JSON.stringify({
			system_instruction: { parts: [{ text: 'Be brief.' }] },
			generation_config: { max_output_tokens: 3 },
			contents: [{ parts: [{ text: 'Hi' }] }],
		}),
	});
	assert.equal((await r.json()).candidates[0].finishReason, 'MAX_TOKENS');
});
