// The TLS listener: what it accepts, what it refuses, and certificates changed under load.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { startGateway } from './lib/gateway.mjs';
import { certificate } from './lib/certificate.mjs';
import { startLoad } from './lib/load.mjs';
import { freePort, run, sleep, startStack, until } from './lib/stack.mjs';

let stack, dir, port, base;

before(async () => {
	dir = await mkdtemp(join(tmpdir(), 'castor-tls-'));
	await certificate(dir, 'a', ['a.test', 'also.a.test']);
	await certificate(dir, 'b', ['b.test']);
	port = await freePort();
	base = `https://127.0.0.1:${port}`;
	stack = await startStack({
		GATEWAY_WORKERS: '2', GATEWAY_TLS_LISTEN: `127.0.0.1:${port}`, GATEWAY_TLS_CERT: `${dir}/a.pem,${dir}/b.pem`,
		GATEWAY_TLS_KEY: `${dir}/a.key,${dir}/b.key`, ACCESS_LOG: 'off',
	});
});
after(async () => {
	await stack?.stop();
	await rm(dir, { recursive: true });
});

// A connection that is through its handshake, or an error.
function shake(options = {}) {
	return new Promise((resolve, reject) => {
		const s = tls.connect({ host: '127.0.0.1', port, servername: 'a.test', rejectUnauthorized: false, ...options }, () => resolve(s));
		s.on('error', reject);
		s.given = new Promise((given) => s.once('session', given));
		s.setTimeout(5000, () => s.destroy(new Error('silence')));
	});
}
const refuses = (options) => shake(options).then((s) => {
	s.destroy();
	assert.fail(`accepted: ${JSON.stringify(options)}`);
}, (err) => err);

// What a connection says until it ends; throws when it is cut.
async function ask(s, text) {
	s.write(text);
	let answer = '';
	for await (const bytes of s)
		answer += bytes;
	return answer;
}
const head = (host = 'a.test', more = '') => `GET /.well-known/jwks.json HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
const last = 'Connection: close\r\n';

test('an answer, its fields, and a clean end', { timeout: 60_000 }, async () => {
	const s = await shake({ ALPNProtocols: ['h2', 'http/1.1'] });
	assert.equal(s.getProtocol(), 'TLSv1.3');
	assert.equal(s.alpnProtocol, 'http/1.1');
	const answer = await ask(s, head() + head() + head('a.test:8443', last));
	assert.equal(answer.match(/HTTP\/1\.1 200 OK/g).length, 3, 'pipelined');
	const secured = /\r\nStrict-Transport-Security: max-age=63072000\r\n/;
	assert.match(answer, secured);
	for (const refused of ['GET / HTTP/1.1\r\n\r\n', 'nonsense\r\n', head('other.test'), `GET /nowhere HTTP/1.1\r\nHost: a.test\r\n${last}\r\n`,
		`GET /user/me HTTP/1.1\r\nHost: a.test\r\n${last}\r\n`])
		assert.match(await ask(await shake(), refused), secured, `also a refusal: ${refused}`);
	const plain = await fetch(`${stack.base}/.well-known/jwks.json`);
	assert.equal(plain.headers.get('strict-transport-security'), null, 'not in plain');
});

test('bytes one by one, and bodies larger than a record', { timeout: 60_000 }, async () => {
	const s = await shake();
	const answering = ask(s, '');
	for (const c of head('a.test', last)) {
		s.write(c);
		await sleep(0);
	}
	assert.match(await answering, /^HTTP\/1\.1 200 /);
	const agent = new https.Agent({ rejectUnauthorized: false, servername: 'a.test', keepAlive: true });
	const post = (bytes) => new Promise((resolve, reject) => {
		const q = https.request(`${base}/webhook/stripe`, { method: 'POST', agent, headers: { host: 'a.test', 'content-type': 'application/json' } }, (r) => {
			r.resume();
			r.on('end', () => resolve(r.statusCode));
		});
		q.on('error', reject);
		q.end(Buffer.alloc(bytes, 0x20));
	});
	assert.equal(await post(900_000), 400, 'read whole, and not signed');
	assert.equal(await post(900_000), 400);
	assert.equal(await post(1_200_000), 413);
	agent.destroy();
	const long = await shake();
	assert.match(await ask(long, `GET /openapi.yaml HTTP/1.1\r\nHost: a.test\r\n${last}\r\n`), /openapi: 3/);
});

test('versions and ciphers: exactly those of the list', { timeout: 60_000 }, async () => {
	await refuses({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
	const accepted = [];
	const all = (await run('openssl', ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'])).trim().split(':');
	assert.ok(all.length > 50);
	for (const cipher of all) {
		const s = await shake({ maxVersion: 'TLSv1.2', ciphers: `${cipher}:@SECLEVEL=0` }).catch(() => null);
		if (s)
			accepted.push(s.getCipher().name);
		s?.destroy();
	}
	assert.deepEqual(accepted.sort(), ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']);
	for (const group of ['X25519', 'P-256', 'P-384'])
		(await shake({ ecdhCurve: group })).destroy();
	for (const group of ['P-521', 'X448'])
		await refuses({ ecdhCurve: group });
});

test('sslscan has nothing to say', { timeout: 60_000 }, async () => {
	const said = await run('sslscan', ['--no-colour', '--sni-name=a.test', `127.0.0.1:${port}`]);
	assert.match(said, /TLSv1\.2\s+enabled/);
	assert.match(said, /TLSv1\.3\s+enabled/);
	for (const protocol of ['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1'])
		assert.match(said, new RegExp(`${protocol.replace('.', '\\.')}\\s+disabled`));
	assert.match(said, /Session renegotiation not supported/);
	assert.match(said, /Compression disabled|does not support compression/);
	for (const protocol of ['1.3', '1.2'])
		assert.match(said, new RegExp(`TLSv${protocol} not vulnerable to heartbleed`));
	const ciphers = said.match(/^(Preferred|Accepted).*TLSv1\.[23].*$/gm);
	assert.ok(ciphers.length >= 6 && ciphers.every((line) => /(TLS_|ECDHE-)\S*(GCM|CHACHA20)/.test(line)), said);
	const groups = said.slice(said.indexOf('Server Key Exchange Group'), said.indexOf('SSL Certificate')).match(/TLSv1\.[23]\s+\d+ bits\s+(\S+)/g);
	assert.ok(groups.every((line) => /(x25519|secp256r1|secp384r1)/.test(line)), groups.join('; '));
});

test('what is not spoken is refused: another protocol, renegotiation, plain text', { timeout: 60_000 }, async () => {
	assert.match((await refuses({ ALPNProtocols: ['h2'] })).message, /no application protocol/i);
	const s = await shake({ maxVersion: 'TLSv1.2' });
	s.on('error', () => {});
	const outcome = await Promise.race([sleep(500).then(() => 'refused'),
		new Promise((resolve) => s.renegotiate({}, (err) => resolve(err ? 'refused' : 'done')))]);
	assert.equal(outcome, 'refused', 'no renegotiation');
	s.destroy();
	const answer = await new Promise((resolve, reject) => {
		let text = '';
		const plain = net.connect(port, '127.0.0.1', () => plain.write(head('a.test', last)));
		plain.on('data', (bytes) => { text += bytes.toString('latin1'); });
		plain.on('close', () => resolve(text));
		plain.on('error', reject);
	});
	assert.doesNotMatch(answer, /HTTP/);
});

test('sessions are resumed whichever worker answers', { timeout: 60_000 }, async () => {
	for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
		const first = await shake({ maxVersion });
		const session = await first.given;
		first.destroy();
		for (let i = 0; i < 20; i++) {
			const again = await shake({ maxVersion, session });
			assert.ok(again.isSessionReused(), `${maxVersion}, ${i}`);
			again.destroy();
		}
	}
});

// A gateway of its own, with that secret; its TLS port.
async function another(secret, t) {
	const at = await freePort(), { AUTH_URL, CHAT_URL, BILLING_URL } = stack.env;
	const one = await startGateway({
		AUTH_URL, CHAT_URL, BILLING_URL, GATEWAY_TICKET_SECRET: secret,
		GATEWAY_TLS_LISTEN: `127.0.0.1:${at}`, GATEWAY_TLS_CERT: `${dir}/a.pem`, GATEWAY_TLS_KEY: `${dir}/a.key`,
	});
	t.after(() => one.stop());
	return at;
}

test('in production with TLS plain requests are served on this machine only', { timeout: 60_000 }, async (t) => {
	const { AUTH_URL, CHAT_URL, BILLING_URL } = stack.env, at = await freePort(), PORT = String(await freePort());
	const one = await startGateway({
		AUTH_URL, CHAT_URL, BILLING_URL, CASTOR_ENV: 'production', SECRET_KEY: randomBytes(32).toString('base64'), LISTEN: '', PORT,
		GATEWAY_TLS_LISTEN: `127.0.0.2:${at}`, GATEWAY_TLS_CERT: `${dir}/a.pem`, GATEWAY_TLS_KEY: `${dir}/a.key`,
	});
	t.after(() => one.stop());
	const served = (address) => fetch(`http://${address}:${PORT}/`).then((r) => r.status, () => 'nobody listens');
	assert.equal(await served('127.0.0.1'), 200);
	assert.equal(await served('127.0.0.2'), 'nobody listens');
	assert.match(await ask(await shake({ host: '127.0.0.2', port: at }), head('a.test', last)), /^HTTP\/1\.1 200 /);
});

test('TLS 1.3 is resumed with another gateway that has the same secret, TLS 1.2 never', { timeout: 60_000 }, async (t) => {
	const secret = 'of-all-gateways-'.repeat(3);
	const ports = { given: await another(secret, t), same: await another(secret, t), derived: await another('', t), alike: await another('', t) };
	const resumes = async (maxVersion, from, to) => {
		const first = await shake({ port: ports[from], maxVersion });
		const session = await first.given;
		first.destroy();
		const again = await shake({ port: ports[to], maxVersion, session });
		const reused = again.isSessionReused();
		again.destroy();
		return reused;
	};
	assert.equal(await resumes('TLSv1.3', 'given', 'same'), true);
	assert.equal(await resumes('TLSv1.3', 'derived', 'alike'), true, 'from SECRET_KEY');
	assert.equal(await resumes('TLSv1.3', 'given', 'derived'), false);
	assert.equal(await resumes('TLSv1.2', 'given', 'given'), true);
	assert.equal(await resumes('TLSv1.2', 'given', 'same'), false, 'its ticket holds the keys of its session');
});

test('by TLS 1.3 every resumption brings the ticket for the next one', { timeout: 60_000 }, async () => {
	let s = await shake();
	for (let i = 0; i < 5; i++) {
		const session = await Promise.race([s.given, sleep(2000).then(() => assert.fail('no ticket'))]);
		s.destroy();
		s = await shake({ session });
		assert.ok(s.isSessionReused(), `${i}`);
	}
	s.destroy();
});

test('the certificate of the name that is asked for; another host on it is misdirected', { timeout: 60_000 }, async () => {
	const name = async (servername) => {
		const s = await shake({ servername });
		const { CN } = s.getPeerCertificate().subject;
		s.destroy();
		return CN;
	};
	assert.equal(await name('also.a.test'), 'a.test');
	assert.equal(await name('b.test'), 'b.test');
	assert.equal(await name('c.test'), 'a.test');
	assert.match(await ask(await shake(), head('also.a.test', last)), /^HTTP\/1\.1 200 /);
	assert.match(await ask(await shake(), head('b.test')), /^HTTP\/1\.1 421 /);
});

// Of a gateway of its own: on a busy machine good ones may take as long.
test('a handshake that does not come is not waited for', { timeout: 60_000 }, async (t) => {
	const at = await freePort(), { AUTH_URL, CHAT_URL, BILLING_URL } = stack.env;
	const hasty = await startGateway({
		AUTH_URL, CHAT_URL, BILLING_URL, GATEWAY_HANDSHAKE_MS: '400',
		GATEWAY_TLS_LISTEN: `127.0.0.1:${at}`, GATEWAY_TLS_CERT: `${dir}/a.pem`, GATEWAY_TLS_KEY: `${dir}/a.key`,
	});
	t.after(() => hasty.stop());
	const idle = net.connect(at, '127.0.0.1');
	idle.resume();
	await new Promise((resolve) => idle.on('close', resolve));
});

test('certificates are changed under load; a bad pair keeps the old one', { timeout: 60_000 }, async () => {
	const pid = await stack.pid('gateway');
	const shown = async () => {
		const s = await shake();
		const { fingerprint256 } = s.getPeerCertificate();
		s.destroy();
		return fingerprint256;
	};
	const metric = async (result) => {
		const text = await (await fetch(`${stack.env.GATEWAY_ADMIN_URL}/metrics`, { headers: { connection: 'close' } })).text();
		return Number(new RegExp(`^gateway_changes_total{result="${result}"} (.*)$`, 'm').exec(text)[1]);
	};
	const old = await shown();
	const load = startLoad({
		base, path: '/.well-known/jwks.json', connections: 40, headers: { host: 'a.test' },
		options: { rejectUnauthorized: false, servername: 'a.test' },
	});
	try {
		await sleep(300);

		await writeFile(join(dir, 'b.key'), 'no key at all');
		process.kill(pid, 'SIGHUP');
		await until('it is refused', async () => (await metric('given up')) === 1);
		assert.equal(await shown(), old);

		await certificate(dir, 'b', ['b.test']);
		await certificate(dir, 'a', ['a.test']);
		const before = await metric('complete');
		process.kill(pid, 'SIGHUP');
		await until('it is done', async () => (await metric('complete')) === before + 1);
		assert.notEqual(await shown(), old);
		await sleep(300);
	} finally {
		await load.stop(); // it would go on for ever
	}
	const { requests, closes, failures } = load.out;
	assert.deepEqual(failures, []);
	assert.ok(requests > 100 && closes > 0, `${requests} requests, ${closes} connections moved`);
});
