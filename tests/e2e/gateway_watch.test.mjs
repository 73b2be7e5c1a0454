// A worker that does not turn any more is noticed, ended and replaced; nobody is who was only stopped along with the master.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGatewayFor } from './lib/gateway.mjs';
import { sleep, until } from './lib/stack.mjs';

const HANG_MS = 3000; // the least that may be set
const settings = { GATEWAY_WORKER_HANG_MS: String(HANG_MS) };

test('a worker that hangs is ended and replaced, the other serves meanwhile', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t, settings);
	const [hanging, other] = gateway.workers();
	let answered = 0;
	process.kill(hanging, 'SIGSTOP');
	await until('it is gone', async () => {
		// What the stopped one had accepted is not answered: that is what the watch is for.
		const r = await fetch(`${gateway.base}/.well-known/jwks.json`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(300) })
			.catch(() => null);
		answered += r?.status === 200;
		return !gateway.workers().includes(hanging);
	});
	await until('there are two again', () => gateway.workers().length === 2);
	assert.ok(gateway.workers().includes(other));
	assert.ok(answered > 0);
	await until('it is counted', async () => (await gateway.metric('gateway_worker_hangs_total')) === 1);
	assert.equal(await gateway.metric('gateway_worker_deaths_total'), 1);
	assert.match(await gateway.log(), new RegExp(`"event":"worker-hangs","pid":${hanging},`));
	assert.match(await gateway.log(), new RegExp(`"event":"worker-died","pid":${hanging},"signal":(6|9)`));
});

test('one that was handed over by another program is watched, too', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t, settings);
	const stream = await fetch(`${gateway.base}/.well-known/jwks.json`); // keeps an old worker alive
	const old = gateway.workers();
	await gateway.change('SIGUSR2');
	const left = gateway.workers().filter((pid) => old.includes(pid));
	assert.ok(left.length > 0, 'it retires');
	left.forEach((pid) => process.kill(pid, 'SIGSTOP'));
	await until('it is gone', () => !gateway.workers().some((pid) => left.includes(pid)));
	assert.equal(gateway.workers().length, 2);
	await stream.text().catch(() => {});
});

test('a machine that slept, a master that was stopped: nobody hangs', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t, settings);
	const before = gateway.workers(), all = [...before, gateway.pid];
	all.forEach((pid) => process.kill(pid, 'SIGSTOP'));
	await sleep(HANG_MS + 1500);
	all.reverse().forEach((pid) => process.kill(pid, 'SIGCONT')); // the master is the first to look
	await sleep(1500);
	assert.deepEqual(gateway.workers(), before);
	process.kill(gateway.pid, 'SIGSTOP');
	await sleep(HANG_MS + 1500);
	process.kill(gateway.pid, 'SIGCONT');
	await sleep(1500);
	assert.deepEqual(gateway.workers(), before);
	assert.equal(await gateway.metric('gateway_worker_hangs_total'), 0);
});

test('0: a worker may be silent for ever', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t, { GATEWAY_WORKER_HANG_MS: '0' });
	const before = gateway.workers();
	process.kill(before[0], 'SIGSTOP');
	await sleep(HANG_MS + 3500); // the others of this file would be gone
	process.kill(before[0], 'SIGCONT');
	assert.deepEqual(gateway.workers(), before);
	assert.equal((await gateway.said('worker-hangs')), 0);
});
