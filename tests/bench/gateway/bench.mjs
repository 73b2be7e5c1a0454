// The gateway beside nginx and HAProxy: one loop, one worker, one thread, on the same upstream, in turns, many rounds. What counts are
// the ratios within a round; their medians are shown. ROUNDS=5 SECONDS_EACH=3 node tests/bench/gateway/bench.mjs [cpu] [p99] [memory]
//
// The proxy has processor 0 to itself; wrk, the upstream and Redis share processor 1. All of them run as SCHED_FIFO: who else is busy on
// the machine changes little.
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway, token, tokenWith } from '../../e2e/lib/gateway.mjs';
import { freePort } from '../../e2e/lib/stack.mjs';
import { num, table, wrk } from '../lib.mjs';
import { cpuNs, hurry, median, openLab, rssKb } from './lab.mjs';

const ROUNDS = Number(process.env.ROUNDS || 5), SECONDS = Number(process.env.SECONDS_EACH || 3), CONNECTIONS = 64, IDLE = Number(process.env.IDLE || 9000);
const SECRET = 'a-secret-of-the-gateway-benchmark';
const wanted = process.argv.slice(2), wants = (what) => !wanted.length || wanted.includes(what);
const ports = {}, lab = await openLab();

async function load(c, options = {}) {
	const before = cpuNs(c.pid);
	const r = await wrk(c.url, { seconds: SECONDS, connections: CONNECTIONS, token: c.token, hurried: true, ...options });
	if (r.bad)
		throw new Error(`${c.name}: ${r.bad} bad answers`);
	return { ...r, us: (cpuNs(c.pid) - before) / 1000 / r.n };
}

// ---- who takes part ----

const anyUser = ['0190a5b0-0000-7000-8000-000000000001', '0190a5b0-0000-7000-8000-000000000002'];
ports.upstream = await freePort();
const upstreamPid = await lab.start(1, 'nginx', ['-c', await lab.fill('upstream.conf', { UPSTREAM: ports.upstream })], ports.upstream);
const redisPort = await freePort();
const redis = await lab.start(1, 'redis-server', ['--port', String(redisPort), '--save', '', '--appendonly', 'no', '--dir', lab.dir], redisPort);

const contenders = [];
const plainPath = '/.well-known/jwks.json', userPath = '/user/me', theirToken = tokenWith(Buffer.from(SECRET), ...anyUser);
const add = (name, pid, port, path, t) => contenders.push({ name, pid, url: `http://127.0.0.1:${port}${path}`, port, token: t });

await lab.fill('jwt.js', { SECRET });
for (const [name, file, t] of [['nginx', 'nginx.conf'], ['nginx + njs token', 'nginx-jwt.conf', theirToken]]) {
	const port = await freePort();
	add(name, await lab.start(0, 'nginx', ['-c', await lab.fill(file, { PORT: port, UPSTREAM: ports.upstream })], port), port, plainPath, t);
}
const haproxyPorts = [await freePort(), await freePort()];
const haproxy = await lab.start(0, 'haproxy', ['-db', '-f', await lab.fill('haproxy.cfg', { PORT: haproxyPorts[0], PORT2: haproxyPorts[1], UPSTREAM: ports.upstream, SECRET })], haproxyPorts[0]);
add('HAProxy', haproxy, haproxyPorts[0], plainPath);
add('HAProxy + token', haproxy, haproxyPorts[1], plainPath, theirToken);

const upstream = `http://127.0.0.1:${ports.upstream}`;
const urls = { AUTH_URL: upstream, CHAT_URL: upstream, BILLING_URL: upstream };
const gateways = [
	await startGateway({ ...urls, ACCESS_LOG: 'false', GATEWAY_WORKERS: '1', GATEWAY_CONNECTIONS: '100000' }, ['taskset', '-c', '0']),
	await startGateway({ ...urls, ACCESS_LOG: 'true', GATEWAY_WORKERS: '1', REDIS_URL: `redis://127.0.0.1:${redisPort}`,
		LIMIT_READ_PER_USER: '1000000000', LIMIT_READ_PER_ADDRESS: '1000000000' }, ['taskset', '-c', '0']),
];
add('gateway', gateways[0].pid, gateways[0].port, plainPath);
add('gateway, everything', gateways[1].pid, gateways[1].port, userPath, token(...anyUser));

for (const pid of [upstreamPid, redis])
	hurry(pid, 2);
for (const c of contenders)
	hurry(c.pid, 1);

async function stop() {
	for (const g of gateways)
		await g.stop();
	gateways.length = 0;
	await lab.stop();
}

// ---- what is measured ----

async function cpuPerRequest() {
	const rounds = [];
	for (const c of contenders)
		await load(c, { seconds: 1 });
	for (let i = 0; i < ROUNDS; i++) {
		const round = {};
		for (const c of contenders)
			round[c.name] = await load(c);
		rounds.push(round);
	}
	const of = (name, get) => median(rounds.map((r) => get(r[name], r.nginx)));
	table(`Processor time per request and requests a second (${CONNECTIONS} connections, medians of ${ROUNDS} rounds)`,
		['', 'µs/request', 'of nginx', 'requests/s', 'of nginx', 'p99 ms'],
		contenders.map(({ name }) => [name, num(of(name, (r) => r.us), 1), num(of(name, (r, n) => r.us / n.us), 2), num(of(name, (r) => r.rps)),
			num(of(name, (r, n) => r.rps / n.rps), 2), num(of(name, (r) => r.p99), 2)]));
	return of('HAProxy', (r) => r.rps);
}

// wrk has no rate of its own: each connection waits before the next request, on average so long that the sum is the rate.
async function lateness(peak) {
	const wait = CONNECTIONS / (0.7 * peak) * 1000 - 0.5, script = join(lab.dir, 'rate.lua');
	await writeFile(script, `function delay() return math.floor(${wait} * (0.5 + math.random()) + math.random()) end\n`);
	const names = ['HAProxy', 'gateway', 'nginx', 'gateway, everything'], rounds = [];
	for (let i = 0; i < ROUNDS; i++) {
		const round = {};
		for (const c of contenders.filter((one) => names.includes(one.name)))
			round[c.name] = await load(c, { script });
		rounds.push(round);
	}
	const of = (name, get) => median(rounds.map((r) => get(r[name], r.HAProxy)));
	table('At about 70 % of HAProxy\'s peak', ['', 'requests/s', 'p50 ms', 'p99 ms', 'p99 of HAProxy'],
		names.map((name) => [name, num(of(name, (r) => r.rps)), num(of(name, (r) => r.p50), 2), num(of(name, (r) => r.p99), 2), num(of(name, (r, h) => r.p99 / h.p99), 2)]));
}

async function idleMemory() {
	const rows = [], N = IDLE;
	for (const name of ['nginx', 'HAProxy', 'gateway']) {
		const c = contenders.find((one) => one.name === name), sockets = [];
		const before = rssKb(c.pid);
		while (sockets.length < N) {
			const some = Array.from({ length: 50 }, () => connect(c.port, '127.0.0.1'));
			await Promise.all(some.map((s) => new Promise((done) => {
				s.on('error', done);
				s.once('data', done);
				s.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n');
			})));
			sockets.push(...some);
		}
		await sleep(1000);
		rows.push([name, num((rssKb(c.pid) - before) * 1024 / N), num(sockets.filter((s) => !s.destroyed && s.readyState === 'open').length)]);
		for (const s of sockets)
			s.destroy();
		await sleep(1500);
	}
	table(`Memory of an idle connection (user space, ${num(N)} of them, each served once)`, ['', 'bytes', 'open'], rows);
}

try {
	const peak = wants('cpu') ? await cpuPerRequest() : 20000;
	if (wants('p99'))
		await lateness(peak);
	if (wants('memory'))
		await idleMemory();
} finally {
	await stop();
}
