// Every crash point: one message (or one change of tier), and SIGKILL at the n-th network or file system call of one process, for every
// kind of call and every n until the work is done before the n-th call. Whatever n: the message is there once, ended, and paid for once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { send, users } from './lib/clients.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Journal } from './lib/journal.mjs';
import { assertClean } from './lib/judge.mjs';
import { filler } from './lib/messages.mjs';
import { signal, sleep } from './lib/proc.mjs';
import { isShort, lots, seed } from './lib/random.mjs';
import { CALLS, FEW_CALLS, killAtCall } from './lib/strace.mjs';

// In the short form every STRIDE-th point, from one that the seed draws. ENOUGH: so often the work must have been done unharmed, as what
// goes on by the clock is counted, too.
const STRIDE = isShort ? 2 : 1, ENOUGH = isShort ? 1 : 2, MOST = 400;
let cluster, user, journal = new Journal(), draw = lots('crash'), ops = [];

before(async () => {
	console.log(`seed ${seed}`);
	cluster = await Cluster.start({ settings: { GATEWAY_WORKERS: '1', WORKER_LEASE_MS: '1000', WORKER_ATTEMPTS: '20', WORKER_RETRY_BASE_MS: '50' } });
	[user] = await users(cluster, 1);
});
after(() => cluster?.stop());

async function newMessage(n) {
	const tag = `crash-${ops.length}-${n}-${seed}`, text = `#${tag} ${filler(draw, 300)}`;
	const op = { tag, shape: 'crash', states: ['complete'], text, content: `${text} [[echo chunks=3 chunk_delay=15]]` };
	ops.push(op);
	await send(op, user, { bases: cluster.bases, journal, lots: { ...draw, chance: () => false } });
	return op;
}

async function ended(op) {
	for (let i = 0; i < 600; i++) {
		if (await cluster.psql(`select 1 from chat.messages where room_id = '${user.room}' and id = '${op.acks[0]?.reply}' and state <> 'queued'`) === '1')
			return;
		await sleep(25);
	}
	throw new Error(`seed ${seed}: not ended: ${JSON.stringify(await cluster.rows('select * from chat.jobs'))}`);
}

// One piece of work under a process that dies at the n-th call; true if it did.
async function atPoint(proc, call, n, work) {
	await proc.untilReady();
	const { pid, serving } = proc, kill = await killAtCall(serving, call, n);
	await work(`${call}-${n}`);
	// What comes after the work (the acknowledgement in Redis) is a point as well.
	for (let i = 0; i < 4 && !kill.fired(); i++)
		await sleep(25);
	const fired = kill.fired();
	await kill.detach();
	if (fired)
		journal.note(proc.name, `SIGKILL at ${call} ${n}: ${kill.call()}`, serving);
	if (!fired || serving !== pid)
		signal(pid, 'SIGKILL'); // each begins with a new process: its first connections are points as well
	while (proc.pid === pid)
		await sleep(5);
	return fired;
}

// For each kind of call: n rises until the work is done before the n-th call.
async function everyPoint(proc, work) {
	const points = {};
	let count = 0;
	for (const call of isShort ? FEW_CALLS : CALLS) {
		let untouched = 0;
		for (let n = draw.int(1, STRIDE); untouched < ENOUGH && n < MOST; n += STRIDE) {
			const fired = await atPoint(proc, call, n, work);
			untouched = fired ? 0 : untouched + 1;
			count += fired;
			if (fired)
				points[call] = n;
		}
	}
	console.log(`${proc.name}: killed at ${count} points; the last of each kind of call: ${JSON.stringify(points)}`);
	assert.ok(count >= (isShort ? 1 : 5), `only ${count} points`);
}

async function assertAllRight() {
	await assertClean(cluster, ops, journal);
}

for (const name of ['chat', 'ai-worker', 'gateway']) {
	test(`${name}: a message, killed at every call`, async () => {
		await everyPoint(cluster.one(name), async (n) => ended(await newMessage(n)));
		await assertAllRight();
	});
}

// billing's tier change is written by the function that its lanes use, so that nothing but the outbox's relay is at work.
test("billing's outbox: a change of tier, killed at every call; it arrives at chat and auth, once and in order", async () => {
	let version = 0;
	const place = () => cluster.psql(`select version from billing.accounts where user_id = '${user.id}'`).then(Number);
	await cluster.psql(`insert into billing.accounts (user_id) values ('${user.id}') on conflict do nothing`);
	await everyPoint(cluster.one('billing'), async () => {
		const tier = (await place()) % 2 ? 'Basic' : 'Pro';
		await cluster.psql(`begin; set local search_path = billing; update billing.accounts set tier = '${tier}', version = version + 1 where user_id = '${user.id}';
			select billing.outbox_add('billing.tier.changed', '${user.id}', jsonb_build_object('user_id', '${user.id}'::text, 'tier', '${tier}', 'version',
			(select version from billing.accounts where user_id = '${user.id}'))); commit`);
		version = await place();
		for (let i = 0; ; i++) {
			const [row] = await cluster.rows(`select c.tier as chat, c.tier_version as chat_version, a.tier as auth, a.version as auth_version
				from chat.accounts c left join auth.tiers a using (user_id) where user_id = '${user.id}'`);
			if (row?.chat === tier && row.auth === tier && row.chat_version === version && row.auth_version === version)
				break;
			assert.ok(i < 1200, `seed ${seed}: version ${version} ${tier} never arrived: ${JSON.stringify(row)}`);
			await sleep(25);
		}
	});
	assert.equal(await cluster.psql('select count(*), max(seq), count(distinct seq) from billing.outbox'), `${version}|${version}|${version}`);
});
