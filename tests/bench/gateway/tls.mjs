// Handshakes of the gateway beside nginx's: one worker each, the same certificate, in turns; and what an idle connection holds.
// ROUNDS=5 EACH=1500 IDLE=3000 KEY=ec|rsa node tests/bench/gateway/tls.mjs
//
// The server has processor 0 to itself. What counts is its processor time per handshake: the client, on processor 1, is slower than both.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { startGateway } from '../../e2e/lib/gateway.mjs';
import { freePort } from '../../e2e/lib/stack.mjs';
import { num, table } from '../lib.mjs';
import { cpuNs, hurry, median, openLab, rssKb } from './lab.mjs';

const ROUNDS = Number(process.env.ROUNDS || 5), EACH = Number(process.env.EACH || 1500), IDLE = Number(process.env.IDLE || 3000), AT_ONCE = 16;
const lab = await openLab(), pem = join(lab.dir, 'a.pem'), key = join(lab.dir, 'a.key');
execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', '-subj', '/CN=a.test', '-addext', 'subjectAltName=DNS:a.test', '-keyout', key, '-out', pem,
	'-newkey', ...(process.env.KEY === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'])], { stdio: 'ignore' });
chmodSync(key, 0o600);

const upstreamPort = await freePort(), nginxPort = await freePort(), tlsPort = await freePort(), upstream = `http://127.0.0.1:${upstreamPort}`;
await lab.start(1, 'nginx', ['-c', await lab.fill('upstream.conf', { UPSTREAM: upstreamPort })], upstreamPort);
const nginx = await lab.start(0, 'nginx', ['-c', await lab.fill('nginx-tls.conf', { PORT: nginxPort, UPSTREAM: upstreamPort, CERT: pem, KEY: key })], nginxPort);
const gateway = await startGateway({ AUTH_URL: upstream, CHAT_URL: upstream, BILLING_URL: upstream, ACCESS_LOG: 'off', GATEWAY_WORKERS: '1',
	GATEWAY_CONNECTIONS: '100000', GATEWAY_TLS_LISTEN: `127.0.0.1:${tlsPort}`, GATEWAY_TLS_CERT: pem, GATEWAY_TLS_KEY: key }, ['taskset', '-c', '0']);
const contenders = [{ name: 'nginx', pid: nginx, port: nginxPort }, { name: 'gateway', pid: gateway.pid, port: tlsPort }];
for (const c of contenders)
	hurry(c.pid, 1);

// Until the tickets have come: they are a part of the handshake's cost.
async function shake(port, options) {
	const s = tls.connect({ host: '127.0.0.1', port, servername: 'a.test', rejectUnauthorized: false, ...options });
	const given = once(s, 'session');
	await once(s, 'secureConnect');
	if (options.session && !s.isSessionReused())
		throw new Error('not resumed');
	const [session] = options.session && s.getProtocol() === 'TLSv1.2' ? [options.session] : await given;
	return { s, session };
}

async function handshakes({ pid, port }, options) {
	let left = EACH;
	const before = cpuNs(pid), from = performance.now();
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (left-- > 0) {
			const { s } = await shake(port, options);
			s.destroy();
		}
	}));
	return { us: (cpuNs(pid) - before) / 1000 / EACH, rate: EACH / (performance.now() - from) * 1000 };
}

async function compare() {
	const rows = [];
	for (const maxVersion of ['TLSv1.3', 'TLSv1.2']) {
		for (const resumed of [false, true]) {
			const rounds = [];
			for (let i = 0; i <= ROUNDS; i++) {
				const round = {};
				for (const c of contenders) {
					const { s, session } = await shake(c.port, { maxVersion });
					s.destroy();
					round[c.name] = await handshakes(c, { maxVersion, ...(resumed && { session }) });
				}
				if (i) // the first one warms up
					rounds.push(round);
			}
			const of = (name, get) => median(rounds.map((r) => get(r[name], r.nginx)));
			for (const { name } of contenders)
				rows.push([`${maxVersion}, ${resumed ? 'resumed' : 'full'}`, name, num(of(name, (r) => r.us), 1), num(1e6 / of(name, (r) => r.us)),
					num(of(name, (r, n) => n.us / r.us), 2)]);
		}
	}
	table(`TLS handshakes (medians of ${ROUNDS} rounds of ${num(EACH)})`, ['', '', 'µs each', 'per second of one processor', 'of nginx'], rows);
}

async function idle() {
	const rows = [];
	for (const c of contenders) {
		const sockets = [], before = rssKb(c.pid);
		while (sockets.length < IDLE) {
			sockets.push(...await Promise.all(Array.from({ length: 20 }, async () => {
				const { s } = await shake(c.port, {});
				await sleep(1); // what is written from within the event of a session stays where it is
				s.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: a.test\r\n\r\n');
				await once(s, 'data');
				return s;
			})));
		}
		await sleep(1000);
		rows.push([c.name, num((rssKb(c.pid) - before) * 1024 / IDLE), num(sockets.filter((s) => s.readyState === 'open').length)]);
		sockets.forEach((s) => s.destroy());
		await sleep(1000);
	}
	table(`Memory of an idle TLS 1.3 connection (user space, ${num(IDLE)} of them, each served once)`, ['', 'bytes', 'open'], rows);
}

try {
	await compare();
	await idle();
} finally {
	await gateway.stop();
	await lab.stop();
}
