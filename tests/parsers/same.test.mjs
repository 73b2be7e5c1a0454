// What the gateway sends on is read alike by nginx, HAProxy, Apache and Node: `make parsers`, for it needs the first three (apt).
//
// Every case of the corpus that is accepted goes through the gateway; the bytes that came out are said, as they are, to each of the four,
// which pass on what they understood to an echo (Node itself is asked directly). All four must tell the same.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startGateway, startRaw, token } from '../e2e/lib/gateway.mjs';
import { readCases, Talk } from '../e2e/lib/raw_http.mjs';
import { freePort } from '../e2e/lib/stack.mjs';

// What a proxy may change by right: fields of one connection, and the name of the one it speaks to.
const OWN = new Set(['connection', 'via', 'keep-alive', 'x-forwarded-server']);
const COMMANDS = {
	nginx: (file) => ['nginx', '-c', file],
	haproxy: (file) => ['haproxy', '-db', '-f', file],
	apache: (file) => ['apache2', '-X', '-f', file],
};
const FILES = { nginx: 'nginx.conf', haproxy: 'haproxy.cfg', apache: 'apache.conf' };

let dir, service, gateway, echo, forwarded = [];
const ports = {}, children = [];

function answers(port) {
	return new Promise((resolve) => {
		const s = connect(port, '127.0.0.1', () => s.destroy() && resolve(true));
		s.on('error', () => resolve(false));
	});
}

async function startPeer(name, echoPort) {
	const port = (ports[name] = await freePort());
	const file = join(dir, FILES[name]);
	const text = await readFile(new URL(FILES[name], import.meta.url), 'utf8');
	await writeFile(file, text.replaceAll('@DIR@', dir).replaceAll('@PORT@', port).replaceAll('@ECHO@', echoPort));
	const [command, ...words] = COMMANDS[name](file);
	const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
	children.push(child);
	for (let i = 0; i < 100; i++) {
		if (await answers(port))
			return;
		await new Promise((r) => setTimeout(r, 50));
	}
	throw new Error(`${name} did not start`);
}

before(async () => {
	dir = await mkdtemp(join(tmpdir(), 'castor-parsers-'));
	await mkdir(join(dir, 'logs'));
	echo = createServer({ maxHeaderSize: 65536 }, (req, res) => {
		const parts = [];
		req.on('data', (d) => parts.push(d));
		req.on('end', () => {
			const fields = [];
			for (let i = 0; i < req.rawHeaders.length; i += 2)
				if (!OWN.has(req.rawHeaders[i].toLowerCase()))
					fields.push(`${req.rawHeaders[i].toLowerCase()}: ${req.rawHeaders[i + 1]}`);
			const said = JSON.stringify({ method: req.method, url: req.url, fields: fields.sort(), body: Buffer.concat(parts).toString('latin1') });
			res.writeHead(200, { 'Content-Length': Buffer.byteLength(said) }).end(said);
		});
	});
	echo.listen(0, '127.0.0.1');
	await once(echo, 'listening');
	ports.node = echo.address().port;
	await Promise.all(Object.keys(FILES).map((name) => startPeer(name, ports.node)));
	service = await startRaw((socket, request) => {
		forwarded.push(Buffer.from(request));
		socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
	});
	gateway = await startGateway({ AUTH_URL: service.url, CHAT_URL: service.url, BILLING_URL: service.url, ALLOWED_HOSTS: 'a,[::1]', ACCESS_LOG: 'false' });
});
after(async () => {
	await gateway?.stop();
	await service?.stop();
	for (const child of children) {
		child.kill('SIGTERM');
		if (child.exitCode === null && child.signalCode === null)
			await once(child, 'exit');
	}
	echo?.closeAllConnections();
	echo?.close();
	await rm(dir, { recursive: true });
});

async function readBy(name, bytes) {
	const talk = Talk.plain(ports[name]);
	talk.say(bytes);
	const r = await talk.answer();
	talk.end();
	return r && r.status === 200 ? JSON.parse(r.body) : `refused: ${r?.status}`;
}

// Beside the corpus: bodies and targets in which a lax reader might see something else.
const more = () => [
	['a body that is a request', `POST /webhook/stripe HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n`],
	['a chunked body of chunks', 'POST /auth/signup HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n'],
	['8-bit values', 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nUser-Agent: \xe9\xff\r\nAccept-Language: \t a \t\r\n\r\n'],
	['every character of a path', `GET /chatroom/a-._~!$&'()*+,;=:@%20%3F%23%25 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token()}\r\n\r\n`],
	['every character of a query', "GET /.well-known/jwks.json?-._~!$&'()*+,;=:@/?%20%00%2f%zz HTTP/1.1\r\nHost: a\r\n\r\n"],
].map(([name, text]) => ({ name, statuses: ['200'], bytes: Buffer.from(text, 'latin1') }));

test('nginx, HAProxy, Apache and Node read the same', async () => {
	const wrong = [];
	let compared = 0;
	for (const c of [...readCases('http_requests.txt'), ...more()].filter((one) => one.statuses.includes('200'))) {
		const talk = Talk.plain(gateway.port);
		forwarded = [];
		talk.say(c.bytes);
		for (let i = 0; i < c.statuses.length; i++)
			await talk.answer(c.bytes.subarray(0, 5).toString() === 'HEAD ');
		talk.end();
		assert.ok(forwarded.length > 0, `"${c.name}" was not accepted`);
		for (const bytes of forwarded) {
			const node = await readBy('node', bytes);
			compared++;
			if (typeof node === 'string')
				wrong.push(`${c.name}: node ${node}`);
			for (const name of Object.keys(FILES)) {
				const read = await readBy(name, bytes);
				if (JSON.stringify(read) !== JSON.stringify(node))
					wrong.push(`${c.name}: ${name} ${JSON.stringify(read)}\n  node ${JSON.stringify(node)}\n  of ${JSON.stringify(bytes.toString('latin1'))}`);
			}
		}
	}
	assert.deepEqual(wrong, []);
	assert.ok(compared >= 140, `${compared} compared`);
});
