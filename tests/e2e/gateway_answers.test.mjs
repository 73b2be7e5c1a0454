// A service that answers nonsense: 502, its connection is never used again, and whoever comes next gets their own answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { readCases, Talk } from './lib/raw_http.mjs';

const cases = readCases('http_answers.txt');
let service, gateway, bad = null, badSocket = null, usedAfter = 0, lastSocket = null, asked = 0;

before(async () => {
	service = await startRaw((socket, request) => {
		asked++;
		lastSocket = socket;
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
async function cleanOnes(talk, where, n = 4) {
	for (let i = 0; i < n; i++) {
		const path = `/.well-known/jwks.json?n=${count++}`;
		talk.say(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
		const r = await talk.answer();
		assert.equal(r?.status, 200, `a clean request after ${where}`);
		assert.equal(r.body, `GET ${path} HTTP/1.1`, `another's answer after ${where}`);
	}
}

// A POST that is never sent twice, so that it meets the answer exactly once; HEAD where a body must not be waited for.
const POST = 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
const HEAD = 'HEAD /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n';

async function answerTo(talk, request, bytes, options = {}) {
	usedAfter = asked = 0;
	badSocket = null;
	bad = { bytes, ...options };
	talk.say(request);
	const r = await talk.answer(request === HEAD);
	assert.equal(asked, 1, 'asked once');
	return r;
}

async function isDropped(where) {
	const deadline = Date.now() + 5000;
	while (!badSocket.destroyed && Date.now() < deadline)
		await new Promise((f) => setTimeout(f, 1));
	assert.ok(badSocket.destroyed, `${where}: the connection to the service is kept`);
}

async function one(c, request, split) {
	const talk = Talk.plain(gateway.port), where = `"${c.name}"`;
	const r = await answerTo(talk, request, c.bytes, { ends: c.end === 'end', split });
	await isDropped(where);
	if (r?.status === 502) {
		if (request !== HEAD)
			assert.equal(JSON.parse(r.body).code, 'bad_gateway', where);
		await cleanOnes(talk, `on the same connection after ${where}`, 1);
	} else if (request === HEAD && r) {
		assert.ok(c.statuses[0] === 'cut', `${where}: taken for good: ${r.head}`); // by its head, which is all that was asked for
		await cleanOnes(talk, `on the same connection after ${where}`, 1);
	} else {
		assert.equal(c.statuses[0], 'cut', `${where}: ${r?.status ?? 'none'} instead of 502`);
		assert.equal(r, null, `${where}: taken for whole`);
		assert.ok(talk.closed, `${where}: the client waits`);
	}
	talk.end();
}

const ways = [['whole', POST, false], ['byte by byte', POST, true], ['to HEAD', HEAD, false]];
for (const [how, request, split] of ways) {
	test(`${cases.length} answers that make no sense, ${how}`, async () => {
		const other = Talk.plain(gateway.port), wrong = [];
		for (const c of cases.filter((one) => request === POST || one.bytes.length)) { // HEAD that gets no byte is sent again
			try {
				await one(c, request, split);
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

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const LEFT = ['x', '\r\n', EVIL, 'HTTP/1.1 100 Continue\r\n\r\n', `${'a'.repeat(100_000)}`];

// What is whole, and what may then not follow.
const WHOLE = [
	[POST, 200, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
	[POST, 200, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
	[POST, 200, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', '2\r\nok\r\n'],
	[POST, 204, 'HTTP/1.1 204 No Content\r\n\r\n', ''],
	[POST, 304, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n', ''],
	[POST, 304, 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', ''],
	[HEAD, 200, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', ''],
];

test('bytes after an answer are nobody\'s', async () => {
	for (const [request, status, answer, body] of WHOLE) {
		for (const more of LEFT) {
			const talk = Talk.plain(gateway.port), where = JSON.stringify(answer + more.slice(0, 40));
			const r = await answerTo(talk, request, Buffer.from(answer + more));
			assert.equal(r?.status, status, where);
			assert.equal(r.body, body, where);
			await isDropped(where);
			await cleanOnes(talk, where);
			assert.equal(usedAfter, 0, where);
			talk.end();
		}
	}
});

test('bytes that come after the answer was passed on are nobody\'s either, however soon the next request is', async () => {
	const talk = Talk.plain(gateway.port);
	for (const more of LEFT) {
		for (let i = 0; i < 20; i++) {
			await cleanOnes(talk, 'an answer', 1);
			const socket = lastSocket;
			socket.write(more);
			await cleanOnes(talk, `${more.slice(0, 40)} that nobody asked for`, 1);
			assert.notEqual(lastSocket, socket, 'the connection was used again');
		}
	}
	talk.end();
});

test('a service can neither frame the client\'s answer nor speak for the gateway', async () => {
	const talk = Talk.plain(gateway.port);
	const r = await answerTo(talk, POST, Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: X-Hop, Set-Cookie\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\n'
		+ 'Keep-Alive: timeout=1\r\nProxy-Authenticate: Basic\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: X-A\r\nUpgrade: h2c\r\n'
		+ 'Server: inner/1.0\r\nX-Internal-Host: db\r\nX-Request-Id: evil\r\nDate: yesterday\r\nX-Content-Type-Options: sniff\r\nETag: "e"\r\n\r\nok'));
	assert.equal(r.body, 'ok');
	const names = r.head.split('\r\n').slice(1).map((line) => line.split(':')[0]);
	assert.deepEqual(names.sort(), ['Cache-Control', 'Content-Length', 'Date', 'ETag', 'X-Content-Type-Options', 'X-Request-Id']);
	assert.doesNotMatch(r.head, /evil|sniff$|yesterday|inner/);
	await cleanOnes(talk, 'all these fields');
	talk.end();
});

test('there are enough of them, and no two alike', () => {
	assert.ok(cases.length >= 150, `${cases.length}`);
	assert.equal(new Set(cases.map((c) => c.end + c.bytes.toString('latin1'))).size, cases.length);
});
