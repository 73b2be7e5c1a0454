// Signals when they are least wanted: several at once, during a change, during a drain; and what dies meanwhile.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGatewayFor, startRaw } from './lib/gateway.mjs';
import { startLoad } from './lib/load.mjs';
import { Talk } from './lib/raw_http.mjs';
import { sleep, until } from './lib/stack.mjs';

const GET = 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n';
const load = (gateway) => startLoad({ base: gateway.base, path: '/.well-known/jwks.json', connections: 8, pauseMs: 5 });
const refuses = (port) => new Promise((resolve) => {
	const s = connect(port, '127.0.0.1', () => {
		s.destroy();
		resolve(false);
	});
	s.on('error', () => resolve(true));
});
const isGone = (pid) => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

// A change that lasts: new workers wait for a service (5 s at most) that is away. They are returned.
async function slowChange(gateway) {
	const before = gateway.workers();
	await gateway.service.stop();
	process.kill(gateway.pid, 'SIGHUP');
	return until('others come', () => {
		const others = gateway.workers().filter((pid) => !before.includes(pid));
		return others.length === 2 && others;
	});
}

test('all at once, and again and again: one thing after the other, nothing lost', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	const clients = load(gateway);
	try {
		for (let i = 0; i < 5; i++) {
			for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGUSR2', 'SIGHUP', 'SIGUSR2', 'SIGUSR1'])
				process.kill(gateway.pid, signal);
			await sleep(Math.random() * 100);
		}
		await sleep(300);
		await gateway.change('SIGHUP');
		await gateway.change('SIGUSR2');
	} finally {
		await clients.stop();
	}
	assert.deepEqual(clients.out.failures, []);
	assert.equal(await gateway.said('worker-died'), 0);
	assert.equal(await gateway.said('program-refused'), 0);
	await until('two are left', () => gateway.workers().length === 2);
});

test('a change that is asked for during another one follows it', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	await slowChange(gateway);
	process.kill(gateway.pid, 'SIGHUP');
	await until('both are done', async () => (await gateway.said('workers-ready')) === 3);
	assert.equal(await gateway.metric('gateway_changes_total{result="complete"}'), 3); // the start is one
});

test('who serves dies during a change: the others hold out, the change is completed', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	const [first] = gateway.workers();
	const others = await slowChange(gateway);
	process.kill(first, 'SIGKILL');
	await until('the change is complete', async () => (await gateway.said('workers-ready')) === 2);
	await until('the new ones are left', () => gateway.workers().length === 2);
	assert.deepEqual(gateway.workers(), others);
});

test('who comes dies during a change: it is given up, the old ones stay, the next one works', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	const before = gateway.workers();
	const [first] = await slowChange(gateway);
	process.kill(first, 'SIGKILL');
	await until('it is given up', () => gateway.said('workers-not-ready'));
	await until('the old ones are left', () => gateway.workers().length === 2);
	assert.deepEqual(gateway.workers(), before);
	assert.equal(await gateway.metric('gateway_changes_total{result="given up"}'), 1);
	await gateway.change('SIGHUP');
	await until('others serve', () => !gateway.workers().some((pid) => before.includes(pid)));
});

test('SIGTERM during a change: all end in good order', { timeout: 60_000 }, async (t) => {
	const gateway = await startGatewayFor(t);
	await slowChange(gateway);
	process.kill(gateway.pid, 'SIGTERM');
	await until('it has ended', () => gateway.ended());
	assert.equal(await gateway.said('worker-died'), 0);
	assert.ok(await refuses(gateway.port));
});

test('during a drain no change is begun; what is in hand is answered', { timeout: 60_000 }, async (t) => {
	const waiting = [];
	const slow = await startRaw((s) => waiting.push(s));
	t.after(() => slow.stop());
	const gateway = await startGatewayFor(t, { AUTH_URL: slow.url });
	const talk = Talk.plain(gateway.port);
	talk.say(GET);
	await until('the service has it', () => waiting.length === 1);
	process.kill(gateway.pid, 'SIGTERM');
	await until('it drains', async () => (await gateway.said('stopping')) === 3);
	for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGUSR1'])
		process.kill(gateway.pid, signal);
	await sleep(300);
	waiting[0].write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
	const answer = await talk.answer();
	assert.equal(answer?.status, 200);
	assert.match(answer.head, /\r\nConnection: close/i);
	await until('it has ended', () => gateway.ended());
	assert.equal(await gateway.said('workers-ready'), 1);
	assert.equal(await gateway.said('program-executed'), 0);
});

test('the master is killed: its workers end, the address is free', { timeout: 60_000 }, async (t) => {
	for (const change of [null, 'SIGHUP', 'SIGUSR2']) {
		const gateway = await startGatewayFor(t, {}, { ends: null });
		if (change)
			await gateway.change(change);
		const workers = gateway.workers();
		const kept = Talk.plain(gateway.port);
		kept.say(GET);
		assert.equal((await kept.answer())?.status, 200);
		process.kill(gateway.pid, 'SIGKILL');
		await until('they end', () => workers.every(isGone));
		await until('nobody listens', () => refuses(gateway.port)); // the last of their threads may be a moment later
	}
});

// What nobody reads fills up, until lines are lost.
async function fillLog(gateway) {
	const talk = Talk.plain(gateway.port);
	while ((await gateway.metric('log_lines_dropped_total')) === 0) {
		for (let i = 0; i < 100; i++) {
			talk.say(GET.repeat(16));
			for (let j = 0; j < 16; j++)
				assert.ok(await talk.answer());
		}
	}
	talk.end();
}
const settings = { ACCESS_LOG: 'on', GATEWAY_CONNECTION_REQUESTS: '1000000', GATEWAY_WORKERS: '1' };
const deaf = {
	socket: { deaf: true }, // as journald's
	pipe: { prefix: ['bash', '-c', 'exec "$0" 2> >(exec sleep 60)'] }, // as a container's
};

for (const [kind, options] of Object.entries(deaf)) {
	test(`nobody reads the log, a ${kind}: signals are heard all the same`, { timeout: 60_000 }, async (t) => {
		const gateway = await startGatewayFor(t, settings, options);
		const changes = () => gateway.metric('gateway_changes_total{result="complete"}');
		await fillLog(gateway);
		for (const n of [2, 3, 4, 5]) {
			if (n === 4 && kind === 'socket')
				gateway.closeLog(); // now there is not even a reader
			process.kill(gateway.pid, 'SIGHUP');
			await until(`change ${n} is done`, async () => (await changes()) === n, { tries: 160 });
		}
	});

	test(`nobody reads the log, a ${kind}: it ends all the same`, { timeout: 60_000 }, async (t) => {
		const gateway = await startGatewayFor(t, settings, options);
		await fillLog(gateway);
		process.kill(gateway.pid, 'SIGTERM');
		await until('it has ended', () => gateway.ended(), { tries: 160 });
	});
}
