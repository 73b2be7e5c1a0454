// Odd requests through the real gateway, plain and by TLS: each gets the answer it must, however its bytes are cut, reaches the service only if
// it was accepted, and leaves nothing behind: others on the same connections to the service get their own answers.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { certificate } from './lib/certificate.mjs';
import { startGateway, startRaw, token } from './lib/gateway.mjs';
import { readCases, Talk } from './lib/raw_http.mjs';
import { freePort } from './lib/stack.mjs';

const CLEAN = 20;
const cases = readCases('http_requests.txt');

let service, gateway, dir, tlsPort, seen = [];

before(async () => {
	service = await startRaw((socket, request) => {
		const end = request.indexOf('\r\n\r\n');
		const [line, ...fields] = request.subarray(0, end).toString('latin1').split('\r\n');
		seen.push({ line, fields, body: request.subarray(end + 4).toString('latin1') });
		const said = JSON.stringify({ line });
		socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
	});
	dir = await mkdtemp(join(tmpdir(), 'castor-http-'));
	await certificate(dir, 'a', ['a']);
	tlsPort = await freePort();
	gateway = await startGateway({
		AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, ALLOWED_HOSTS: 'a,[::1]', ACCESS_LOG: 'false',
		GATEWAY_CONNECTION_REQUESTS: '1000000', GATEWAY_TLS_LISTEN: `127.0.0.1:${tlsPort}`, GATEWAY_TLS_CERT: `${dir}/a.pem`, GATEWAY_TLS_KEY: `${dir}/a.key`,
	});
});
after(async () => {
	assert.equal(await gateway?.stop(), 0);
	await service?.stop();
	await rm(dir, { recursive: true });
});

let seed;
function random(n) {
	seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
	return (seed >>> 8) % n;
}

// How a client reaches the gateway, and how it cuts what it says: by TLS every piece is a record of its own.
const flavours = {
	plain: () => Talk.plain(gateway.port),
	TLS: () => Talk.tls(tlsPort),
	'TLS with records cut on the wire': () => Talk.tls(tlsPort, () => 1 + random(60)),
};
const cuts = {
	whole: (talk, what) => talk.say(what),
	'byte by byte': (talk, what) => talk.saySplit(what, () => (what.length > 3000 ? 997 : 1)),
	'in random pieces': (talk, what) => talk.saySplit(what, () => 1 + random(what.length > 3000 ? 4000 : 40)),
};
const ways = [['plain', 'whole'], ['plain', 'byte by byte'], ['plain', 'in random pieces'],
	['TLS', 'whole'], ['TLS', 'byte by byte'], ['TLS', 'in random pieces'], ['TLS with records cut on the wire', 'whole']];

let count = 0;
async function cleanOne(talk, where) {
	const path = `/.well-known/jwks.json?n=${count++}`;
	talk.say(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
	const r = await talk.answer();
	assert.equal(r?.status, 200, where);
	assert.equal(JSON.parse(r.body).line, `GET ${path} HTTP/1.1`, `${where}: another's answer`);
}

const matches = (status, want) => (want.endsWith('xx') ? String(status)[0] === want[0] : String(status) === want);

function checkProblem(r, where) {
	assert.match(r.head, /\r\nContent-Type: application\/problem\+json/i, where);
	assert.equal(JSON.parse(r.body).status, r.status, where);
}

// In the data 200 is what the service said; the client must see just the answers to what the service saw, in that order.
async function one(c, talk, cut, where) {
	const said = cut(talk, c.bytes), headOnly = c.bytes.subarray(0, 5).toString() === 'HEAD ';
	const got = [], told = [];
	let r;
	for (const [i, want] of c.statuses.entries()) {
		r = await talk.answer(headOnly && i === 0);
		if (r?.status === 100 && want === '200') // only what was accepted may be asked for its body
			r = await talk.answer();
		got.push(r?.status ?? 'none');
		if (!r || !matches(r.status, want))
			break;
		if (r.status >= 400 && !headOnly)
			checkProblem(r, where);
		if (want === '200')
			told.push(r.body ? JSON.parse(r.body).line : seen[told.length]?.line);
	}
	await said;
	assert.ok(got.length === c.statuses.length && got.every((s, i) => matches(s, c.statuses[i])), `${where}: ${got} instead of ${c.statuses}`);
	assert.deepEqual(told, seen.map((s) => s.line), `${where}: told, and seen by the service`);
	if (c.end === 'close') {
		assert.match(r.head, /\r\nConnection: close(\r\n|$)/, where);
		assert.ok(await talk.ended(), `${where}: the connection is still open`);
		assert.ok(talk.clean, `${where}: the connection was cut`);
		assert.equal(talk.got.length, 0, `${where}: more came: ${talk.got}`);
	}
}

// What may go on to a service, whoever sent it; all else that a client says is dropped.
const PASSED = new Set(['accept', 'accept-language', 'content-encoding', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'last-event-id',
	'prefer', 'user-agent', 'tracestate']);
const OWN = ['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id', 'x-request-deadline-ms', 'x-request-attempt', 'traceparent'];

function checkSeen(c, flavour, where) {
	for (const { line, fields, body } of seen) {
		const names = fields.map((f) => f.split(':')[0].toLowerCase());
		assert.match(line, /^(GET|POST) \/[!-~]* HTTP\/1\.1$/, where);
		for (const name of OWN)
			assert.equal(names.filter((n) => n === name).length, 1, `${where}: ${name}`);
		assert.equal(names.filter((n) => n === 'content-length').length, line.startsWith('POST') || body ? 1 : 0, where);
		for (const f of fields) {
			assert.match(f, /^[!#$%&'*+.^`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*$/, where);
			assert.ok(!f.includes('6.6.6.6'), where);
		}
		const passed = names.filter((n) => !OWN.includes(n) && n !== 'content-length');
		assert.ok(passed.every((n) => PASSED.has(n) || (n === 'stripe-signature' && line.includes('/webhook/'))), `${where}: ${passed} passed`);
		assert.ok(fields.includes(`X-Forwarded-Proto: ${flavour === 'plain' ? 'http' : 'https'}`), where);
	}
	if (c.sees)
		assert.deepEqual(seen.map(({ line, body }) => ({ line, body })), c.sees, where);
}

for (const [flavour, how] of ways) {
	test(`${cases.length} requests, ${flavour}, ${how}`, async () => {
		seed = 12345;
		const wrong = [];
		let other = flavours[flavour]();
		for (const c of cases) {
			const where = `"${c.name}"`;
			const talk = flavours[flavour]();
			seen = [];
			try {
				await one(c, talk, cuts[how], where);
				checkSeen(c, flavour, where);
				if (c.end === 'open')
					await cleanOne(talk, `on the same connection after ${where}`);
				talk.end();
				for (let i = 0; i < CLEAN; i++)
					await cleanOne(other, `a clean request after ${where}`);
			} catch (err) {
				wrong.push(err.message);
				talk.end();
				other.end();
				other = flavours[flavour]();
			}
		}
		other.end();
		assert.deepEqual(wrong, []);
	});
}

for (const flavour of ['plain', 'TLS']) {
	test(`100 Continue comes when the head was accepted, and the body is then taken, ${flavour}`, async () => {
		const talk = flavours[flavour](), head = 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
		seen = [];
		for (let i = 0; i < 3; i++) {
			talk.say(head);
			assert.equal((await talk.answer())?.status, 100);
			assert.equal(seen.length, i, 'nothing is sent on before the body is there');
			talk.say('hello');
			assert.equal((await talk.answer())?.status, 200);
		}
		talk.end();
	});

	test(`a hundred requests at once are answered in their order, and each for its own caller, ${flavour}`, async () => {
		const talk = flavours[flavour]();
		const say = (i) => `GET /user/me?n=${i} HTTP/1.1\r\nHost: a\r\n${i % 3 ? '' : `Authorization: Bearer ${token()}\r\n`}\r\n`;
		talk.say(Array.from({ length: 100 }, (_, i) => say(i)).join(''));
		for (let i = 0; i < 100; i++) {
			const r = await talk.answer();
			assert.equal(r?.status, i % 3 ? 401 : 200, `${i}`);
			if (r.status === 200)
				assert.equal(JSON.parse(r.body).line, `GET /user/me?n=${i} HTTP/1.1`);
		}
		talk.end();
	});
}

test('there are enough of them, and no two alike', () => {
	assert.ok(cases.length >= 350, `${cases.length}`);
	assert.equal(new Set(cases.map((c) => c.bytes.toString('latin1'))).size, cases.length);
});
