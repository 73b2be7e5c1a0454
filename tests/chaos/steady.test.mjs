// Steady load from 50 users while whatever the system is made of is killed or stopped, now this, now that. Then it is healed, has 60 s
// to drain, and the clients' log is held against the tables.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ask, send, stop, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertFound, drained, judge } from './lib/judge.mjs';
import { message } from './lib/messages.mjs';
import { children, signal, sleep, stat } from './lib/proc.mjs';
import { lots, seconds, seed } from './lib/random.mjs';

const USERS = 50, PRO = 10, RATE = Number(process.env.CHAOS_RATE || 15); // messages a second, all users together

let cluster, people, ops = [], journal, killing, sending, beganToHeal;

before(async () => {
	console.log(`seed ${seed}, ${seconds} s`);
	cluster = await Cluster.start({ copies: { chat: 2, 'ai-worker': 2, gateway: 2 },
		// Leases shorter than the longest SIGSTOP, so that holders come back to find theirs taken.
		settings: { WORKER_LEASE_MS: '6000', WORKER_ATTEMPTS: '20', WORKER_RETRY_BASE_MS: '200', RECONCILE_S: '60' } });
	people = await users(cluster, USERS);
});
after(() => cluster?.stop());

// ---- what goes wrong ----

function targets() {
	const of = (weight, kind) => cluster.all(kind).map((p) => [weight / cluster.all(kind).length, p]);
	const oneOf = (pids) => pids.length ? pids[killing.int(0, pids.length - 1)] : 0;
	const backend = { name: 'backend', get pid() { return oneOf(cluster.backends().map((b) => b.pid)); } };
	const worker = { name: "gateway's worker", get pid() { return oneOf(cluster.all('gateway').flatMap((p) => children(p.pid))); } };
	return [...of(5, 'ai-worker'), ...of(5, 'chat'), ...of(2, 'gateway'), [2, worker], ...of(1.5, 'auth'), ...of(1.5, 'billing'),
		[2, cluster.redis], [1.5, backend], [1, { name: 'postmaster', get pid() { return cluster.postgres.pid; } }]];
}

const inFlight = () => ops.filter((o) => !o.ackedAt && !o.done).length;

async function oneFault(all) {
	const target = killing.weighted(all), pid = target.pid;
	if (!pid)
		return; // it is on its way back
	const what = killing.chance(0.75) ? 'SIGKILL' : 'SIGSTOP', forMs = killing.int(1000, 15000);
	const model = await cluster.modelStats().catch(() => ({ open_streams: 0 }));
	if (!signal(pid, what))
		return;
	const fault = journal.note(target.name, what, pid);
	fault.inFlight = inFlight() + model.open_streams;
	if (what === 'SIGSTOP') {
		setTimeout(() => {
			signal(pid, 'SIGCONT');
			fault.until ??= journal.now();
		}, forMs).unref();
	}
}

async function faults(until) {
	const all = targets();
	while (Date.now() < until) {
		await sleep(killing.int(500, 3000));
		await oneFault(all);
	}
}

// ---- what goes on meanwhile ----

const what = () => ({ bases: cluster.bases, journal, lots: sending, over: () => beganToHeal && Date.now() > beganToHeal + 45000 });

async function oneMessage(user, n) {
	const op = { ...message(sending, `${user.n}-${n}-${seed}`), givesUp: sending.chance(0.1), attempts: [], acks: [] };
	ops.push(op);
	await send(op, user, what());
	op.done = true;
	if (op.wantsStop && op.acks.length) {
		await sleep(sending.int(500, 3000));
		op.stopped = await stop(op, what());
	}
}

async function oneUser(user, until) {
	const owed = [];
	for (let n = 0; Date.now() < until; n++) {
		owed.push(oneMessage(user, n));
		await sleep(sending.int(500, 1500) * USERS / RATE);
	}
	await Promise.all(owed);
}

// Some become Pro on the way: the tier goes from Stripe's webhook through billing's outbox to chat.
async function becomePro(user, until) {
	await sleep(sending.int(0, Math.max(0, (until - Date.now()) / 2)));
	while (!what().over()) {
		const r = await ask(`${sending.pick(cluster.bases)}/subscribe/pro`, { token: user.token });
		if (r.status === 200) {
			const paid = await fetch(r.json.checkout_url, { method: 'POST', redirect: 'manual' });
			await paid.text();
			user.paid = paid.status < 400;
		}
		if (user.paid || r.status === 409)
			return;
		await sleep(1000);
	}
}

// ---- the report ----

function unavailable() {
	const acked = ops.filter((o) => o.ackedAt).map((o) => o.ackedAt).sort((a, b) => a - b);
	let longest = 0, sum = 0;
	for (let i = 1; i < acked.length; i++) {
		const gap = acked[i] - acked[i - 1];
		longest = Math.max(longest, gap);
		sum += gap > 2000 ? gap : 0;
	}
	return { longest, sum };
}

function report(found) {
	const ended = ops.filter((o) => o.reply?.waited != null).map((o) => o.reply.waited).sort((a, b) => a - b);
	const at = (p) => (ended[Math.min(ended.length - 1, Math.floor(ended.length * p))] ?? 0).toFixed(2);
	const { longest, sum } = unavailable();
	const states = {};
	for (const o of ops)
		if (o.reply)
			states[o.reply.state] = (states[o.reply.state] ?? 0) + 1;
	const kills = journal.faults.filter((f) => f.what === 'SIGKILL');
	const lines = [
		['seed', seed],
		['messages attempted', ops.length],
		['attempts in all', ops.reduce((n, o) => n + o.attempts.length, 0)],
		['acknowledged', ops.filter((o) => o.acks.length).length],
		['  of these only by a repetition', ops.filter((o) => o.acks.length && o.attempts[0].outcome !== '202').length],
		['  answered from an earlier attempt', ops.filter((o) => o.replayed).length],
		['given up by the client', ops.filter((o) => !o.acks.length).length],
		['  of these in the tables all the same', ops.filter((o) => !o.acks.length && o.recovered).length],
		['replies', JSON.stringify(states)],
		['  failed for want of attempts', ops.filter((o) => o.reply?.state === 'failed' && !o.states.includes('failed')).length],
		['SIGKILLs', `${kills.length}, ${kills.filter((f) => f.inFlight).length} with work in flight`],
		...Object.entries(journal.table()).map(([who, n]) => [`  ${who}`, JSON.stringify(n)]),
		['nothing accepted, longest', `${(longest / 1000).toFixed(1)} s`],
		['nothing accepted, sum of gaps over 2 s', `${(sum / 1000).toFixed(1)} s`],
		['accepted to ended, p50 / p99 / max', `${at(0.5)} / ${at(0.99)} / ${at(1)} s`],
		...Object.entries(found).map(([k, list]) => [k, list.length]),
	];
	console.log(lines.map(([k, v]) => `${String(k).padEnd(42)} ${v}`).join('\n'));
	return kills.length;
}

async function assertTiers() {
	for (const u of people.filter((p) => p.paid)) {
		const ask = `select b.version, b.tier, c.tier as chat_tier, a.tier as auth_tier from billing.accounts b
			left join chat.accounts c using (user_id) left join auth.tiers a using (user_id) where b.user_id = '${u.id}'`;
		let row;
		for (let i = 0; i < 300; i++) {
			[row] = await cluster.rows(ask);
			if (row?.tier === 'Pro' && row.chat_tier === 'Pro' && row.auth_tier === 'Pro')
				break;
			await sleep(200);
		}
		assert.ok(row?.tier === 'Pro' && row.chat_tier === 'Pro' && row.auth_tier === 'Pro', `paid, but ${u.id} is ${JSON.stringify(row)}; seed ${seed}`);
	}
}

test('nothing accepted is lost or doubled, whatever dies', async () => {
	journal = new Journal();
	killing = lots('kill');
	sending = lots('send');
	const until = Date.now() + seconds * 1000;
	people.forEach((u, n) => (u.n = n));
	const load = Promise.all([...people.map((u) => oneUser(u, until)), ...people.slice(0, PRO).map((u) => becomePro(u, until))]);
	await faults(until);
	beganToHeal = Date.now();
	for (const f of journal.faults.filter((g) => g.what === 'SIGSTOP' && !g.until)) {
		f.until = journal.now();
		if (stat(f.pid)?.state === 'T') // also a backend whose postmaster has died
			signal(f.pid, 'SIGCONT');
	}
	await cluster.heal();
	const healed = Date.now();
	await load;
	await drained(cluster, Math.max(1000, healed + 60000 - Date.now()));
	console.log(`healed in ${healed - beganToHeal} ms, drained ${Date.now() - healed} ms later`);
	const found = await judge(cluster, ops, journal);
	const kills = report(found);
	assertFound(found);
	assert.ok(kills >= (seconds < 600 ? seconds / 5 : 200), `only ${kills} kills`);
	assert.ok(ops.filter((o) => o.acks.length).length > seconds * RATE / 3, 'hardly any load');
	await assertTiers();
});
