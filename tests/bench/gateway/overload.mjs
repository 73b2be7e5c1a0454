// Three times as much as a service gets done: how much of its peak is still answered in time, how fast the rest is refused, and
// whether webhooks, health and metrics notice. Ratios, and an exit code that says whether they hold.
//
// The service works at SLOTS requests at a time, each for WORK_MS, and keeps the others waiting without end: as bad as they come. Clients
// come whether or not others have been answered, and lose patience after PATIENCE_MS.
import { Agent, createServer, request } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { startGateway, token } from '../../e2e/lib/gateway.mjs';

const SLOTS = 4, WORK_MS = 10, PATIENCE_MS = 2000, SECONDS = Number(process.env.SECONDS_EACH || 8);

function slowService() {
	const free = new Array(SLOTS).fill(0); // when each slot will be: late timers cost no capacity
	return createServer((req, res) => {
		const now = performance.now(), slot = free.indexOf(Math.min(...free));
		free[slot] = Math.max(now, free[slot]) + WORK_MS;
		setTimeout(() => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'), free[slot] - now);
	});
}

const quickService = () => createServer((req, res) => req.resume().on('end', () => res.writeHead(200).end('{}')));

async function listen(server) {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return `http://127.0.0.1:${server.address().port}`;
}

// The services have a thread of their own: what the clients do must not slow them down.
if (!isMainThread) {
	parentPort.postMessage({ CHAT_URL: await listen(slowService()), BILLING_URL: await listen(quickService()), AUTH_URL: await listen(quickService()) });
	await new Promise(() => {});
}

const agent = new Agent({ keepAlive: true, maxSockets: 3000 });

// One request: [status, ms, when]; 0 when patience ended.
function ask(base, method, path, headers = {}) {
	const began = performance.now();
	return new Promise((done) => {
		const say = (status) => done([status, performance.now() - began, performance.now()]);
		const req = request(base + path, { method, agent, headers, timeout: PATIENCE_MS }, (res) => {
			res.resume();
			res.on('end', () => say(res.statusCode));
			res.on('error', () => say(0));
		});
		req.on('timeout', () => req.destroy());
		req.on('error', () => say(0));
		req.end(method === 'POST' ? '{}' : undefined);
	});
}

// `rate` requests a second for a while, evenly; all that was answered after its first second.
async function offer(rate, seconds, one) {
	const asked = [], began = performance.now();
	let sent = 0;
	while (performance.now() - began < seconds * 1000) {
		const due = Math.floor((performance.now() - began) / 1000 * rate);
		for (; sent < due; sent++)
			asked.push(one());
		await sleep(2);
	}
	return (await Promise.all(asked)).filter(([, , at]) => at - began > 1000 && at - began < seconds * 1000);
}

const p99 = (list) => list.length ? list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * 0.99))] : 0;
const goodput = (ends, seconds) => ends.filter(([status]) => status === 200).length / (seconds - 1);

const services = new Worker(new URL(import.meta.url));
const [urls] = await once(services, 'message');
const gateway = await startGateway({ ...urls, ACCESS_LOG: 'false', ...(process.env.UPSTREAM_TARGET_MS && { UPSTREAM_TARGET_MS: process.env.UPSTREAM_TARGET_MS }) });
const headers = { Authorization: `Bearer ${token()}` };
const room = () => ask(gateway.base, 'GET', '/chatroom', headers);

const capacity = SLOTS * 1000 / WORK_MS;
let peak = 0;
for (const share of [0.7, 0.85, 1]) {
	const good = goodput(await offer(capacity * share, SECONDS / 2, room), SECONDS / 2);
	peak = Math.max(peak, good);
	await sleep(500);
}
const others = { webhook: [], live: [], metrics: [] };
let over = false;
const watching = (async () => {
	while (!over) {
		others.webhook.push(await ask(gateway.base, 'POST', '/webhook/stripe', { 'Stripe-Signature': 't=1,v1=x' }));
		others.live.push(await ask(gateway.admin, 'GET', '/livez'));
		others.metrics.push(await ask(gateway.admin, 'GET', '/metrics'));
		await sleep(20);
	}
})();
const ends = await offer(peak * 3, SECONDS, room);
over = true;
await watching;
const good = goodput(ends, SECONDS), refused = ends.filter(([s]) => s === 503), lost = ends.filter(([s]) => s !== 503 && s !== 200);
const refusal = p99(refused.map(([, ms]) => ms));
console.log(`peak ${peak.toFixed(0)}/s; at three times that: goodput ${(good / peak).toFixed(2)} of the peak, ` +
	`answers p99 ${p99(ends.filter(([s]) => s === 200).map(([, ms]) => ms)).toFixed(0)} ms, ` +
	`${refused.length} refused in p99 ${refusal.toFixed(1)} ms, ${lost.length} neither`);
const rest = Object.entries(others).map(([name, list]) => [name, list.filter(([s]) => s !== 200).length, p99(list.map(([, ms]) => ms)), list.length]);
for (const [name, failed, slowest, n] of rest)
	console.log(`meanwhile ${name}: ${n} asked, ${failed} failed, p99 ${slowest.toFixed(1)} ms`);
agent.destroy();
await gateway.stop();
await services.terminate();
process.exit(good >= 0.8 * peak && refusal < 50 && rest.every(([, failed]) => failed === 0) ? 0 : 1);
