// Odd requests through the real gateway: each gets the answer it must, however its bytes are cut, reaches the service only if it was
// accepted, and leaves nothing behind: others on the same connections to the service get their own answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { readCases, Talk } from './lib/raw_http.mjs';

const CLEAN = 20;
const cases = readCases('http_requests.txt');

let service, gateway, seen = [];

before(async () => {
	service = await startRaw((socket, request) => {
		const end = request.indexOf('\r\n\r\n');
		const [line, ...fields] = request.subarray(0, end).toString('latin1').split('\r\n');
		seen.push({ line, fields, body: request.subarray(end + 4).toString('latin1') });
		const said = JSON.stringify({ line });
		socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
	});
	gateway = await startGateway({ AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, ALLOWED_HOSTS: 'a,[::1]', ACCESS_LOG: 'false' });
});
after(async () => {
	assert.equal(await gateway?.stop(), 0);
	await service?.stop();
});

// How a client reaches the gateway. A TLS listener is one more line here: every case then runs over it as well.
const flavours = { plain: () => Talk.plain(gateway.port) };

let seed = 12345;
const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
const cuts = {
	whole: (talk, what) => talk.say(what),
	'byte by byte': (talk, what) => talk.saySplit(what, () => (what.length > 3000 ? 997 : 1)),
	'in random pieces': (talk, what) => talk.saySplit(what, () => 1 + random(what.length > 3000 ? 4000 : 40)),
};

let count = 0;
async function cleanOnes(other, where) {
	for (let i = 0; i < CLEAN; i++) {
		const path = `/.well-known/jwks.json?n=${count++}`;
		other.say(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
		const r = await other.answer();
		assert.equal(r?.status, 200, `a clean request after ${where}`);
		assert.equal(JSON.parse(r.body).line, `GET ${path} HTTP/1.1`, `another's answer after ${where}`);
	}
}

const matches = (status, want) => (want.endsWith('xx') ? String(status)[0] === want[0] : String(status) === want);

async function one(c, talk, cut, where) {
	const said = cut(talk, c.bytes), headOnly = c.bytes.subarray(0, 5).toString() === 'HEAD ';
	const got = [];
	for (const want of c.statuses) {
		let r = await talk.answer(headOnly);
		if (r?.status === 100)
			r = await talk.answer();
		got.push(r?.status ?? 'none');
		if (!r || !matches(r.status, want))
			break;
		if (r.status >= 400 && !headOnly)
			assert.match(r.head, /\r\nContent-Type: application\/problem\+json/i, where);
	}
	await said;
	assert.ok(got.length === c.statuses.length && got.every((s, i) => matches(s, c.statuses[i])), `${where}: ${got} instead of ${c.statuses}`);
	if (c.end === 'close') {
		assert.ok(await talk.ended(), `${where}: the connection is still open`);
		assert.equal(talk.got.length, 0, `${where}: more came: ${talk.got}`);
	} else if (c.end === 'open') {
		talk.say('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
		assert.equal((await talk.answer())?.status, 200, `${where}: the connection does not go on`);
	}
}

function checkSeen(c, where) {
	const accepted = c.statuses.filter((s) => s === '200').length;
	assert.equal(seen.length, accepted, `${where}: the service saw ${JSON.stringify(seen)}`);
	for (const { line, fields, body } of seen) {
		const names = fields.map((f) => f.split(':')[0].toLowerCase());
		assert.match(line, /^(GET|POST) \/[!-~]* HTTP\/1\.1$/, where);
		for (const name of ['host', 'x-forwarded-for', 'x-request-id', 'x-request-deadline-ms'])
			assert.equal(names.filter((n) => n === name).length, 1, `${where}: ${name}`);
		assert.equal(names.filter((n) => n === 'content-length').length, line.startsWith('POST') || body ? 1 : 0, where);
		for (const f of fields) {
			assert.match(f, /^[!#$%&'*+.^`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*$/, where);
			assert.doesNotMatch(f, /^(transfer-encoding|connection|te|trailer|upgrade|expect|keep-alive|proxy-.*|x-user-.*|x-internal-.*|forwarded|x-real-ip):/i, where);
			assert.ok(!f.includes('6.6.6.6'), where);
		}
	}
	if (c.sees !== undefined) {
		const [method, target, body] = c.sees.split(' ');
		assert.equal(seen[0].line, `${method} ${target} HTTP/1.1`, where);
		if (body !== undefined)
			assert.equal(seen[0].body, body, where);
	}
}

for (const flavour of Object.keys(flavours)) {
	for (const [how, cut] of Object.entries(cuts)) {
		test(`${cases.length} requests, ${flavour}, ${how}`, async () => {
			const other = flavours[flavour](), wrong = [];
			for (const c of cases) {
				const where = `"${c.name}"`;
				const talk = flavours[flavour]();
				seen = [];
				try {
					await one(c, talk, cut, where);
					checkSeen(c, where);
				} catch (err) {
					wrong.push(err.message);
				}
				talk.end();
				await cleanOnes(other, where);
			}
			other.end();
			assert.deepEqual(wrong, []);
		});
	}
}

test('100 Continue comes when the head was accepted, and the body is then taken', async () => {
	const talk = flavours.plain(), head = 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
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

test('there are enough of them', () => assert.ok(cases.length >= 200));
