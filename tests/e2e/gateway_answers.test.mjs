// A service that answers nonsense: 502, its connection is never used again, and whoever comes next gets their own answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { readCases, Talk } from './lib/raw_http.mjs';

const cases = readCases('http_answers.txt');
let service, gateway, bad = null, badSocket = null, usedAfter = 0;

before(async () => {
	service = await startRaw((socket, request) => {
		if (socket === badSocket)
			usedAfter++;
		if (bad) {
			const { bytes, ends, split } = bad;
			bad = null;
			badSocket = socket;
			say(socket, bytes, split).then(() => ends && socket.end());
			return;
		}
		const line = request.subarray(0, request.indexOf('\r\n')).toString();
		socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`);
	});
	gateway = await startGateway({ AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, ACCESS_LOG: 'false' });
});
after(async () => {
	assert.equal(await gateway?.stop(), 0);
	await service?.stop();
});

async function say(socket, bytes, split) {
	const step = split ? (bytes.length > 2000 ? 499 : 1) : bytes.length || 1;
	for (let at = 0; at < bytes.length && !socket.destroyed; at += step) {
		socket.write(bytes.subarray(at, at + step));
		await new Promise((r) => setImmediate(r));
	}
}

let count = 0;
async function cleanOnes(talk, where) {
	for (let i = 0; i < 4; i++) {
		const path = `/.well-known/jwks.json?n=${count++}`;
		talk.say(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
		const r = await talk.answer();
		assert.equal(r?.status, 200, `a clean request after ${where}`);
		assert.equal(r.body, `GET ${path} HTTP/1.1`, `another's answer after ${where}`);
	}
}

// A POST that is never sent twice, so that it meets the bad answer exactly once.
async function one(c, split) {
	const talk = Talk.plain(gateway.port), where = `"${c.name}"`;
	const ends = c.end === 'end', want = c.statuses[0];
	usedAfter = 0;
	badSocket = null;
	bad = { bytes: c.bytes, ends, split };
	talk.say('POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
	const r = await talk.answer();
	if (want === '502')
		assert.equal(r?.status, 502, where);
	else
		assert.ok(r === null || r.status === 502, `${where}: taken for whole: ${r?.head}`);
	const deadline = Date.now() + 5000;
	while (!badSocket.destroyed && Date.now() < deadline)
		await new Promise((f) => setTimeout(f, 1));
	assert.ok(badSocket.destroyed, `${where}: the connection to the service is kept`);
	talk.end();
}

for (const split of [false, true]) {
	test(`${cases.length} answers that make no sense, ${split ? 'byte by byte' : 'whole'}`, async () => {
		const other = Talk.plain(gateway.port), wrong = [];
		for (const c of cases) {
			try {
				await one(c, split);
			} catch (err) {
				wrong.push(err.message);
			}
			await cleanOnes(other, c.name);
			assert.equal(usedAfter, 0, c.name);
		}
		other.end();
		assert.deepEqual(wrong, []);
	});
}

test('bytes after an answer are nobody\'s', async () => {
	for (const more of ['x', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil']) {
		const talk = Talk.plain(gateway.port);
		badSocket = null;
		bad = { bytes: Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${more}`) };
		talk.say('POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
		assert.equal((await talk.answer()).body, 'ok');
		await cleanOnes(talk, 'an answer with bytes after it');
		assert.equal(usedAfter, 0);
		talk.end();
	}
});

test('there are enough of them', () => assert.ok(cases.length >= 60));
