// The verdict: what the clients know against what the tables hold, by Jepsen's formula for a queue that is drained at the end
// (total-queue): acknowledged and gone is lost; there and never sent is unexpected; there more often than sent is doubled. And the
// books: what was used is what is in the ledger is what was taken from the quota.
import assert from 'node:assert/strict';

import { history } from './journal.mjs';
import { tagOf, wrongReply } from './messages.mjs';
import { seed } from './random.mjs';

const day = (t) => t.slice(0, 10);

// Columns that a later schema adds are null in an earlier one.
async function tables(cluster) {
	const messages = await cluster.rows(`select room_id as room, id, parent_id as parent, sender, state, content, model,
		(created_at at time zone 'utc')::text as created, extract(epoch from finished_at - created_at)::float8 as waited,
		(to_jsonb(m)->>'prompt_tokens')::int as prompt, (to_jsonb(m)->>'output_tokens')::int as output from chat.messages m`);
	const jobs = await cluster.rows('select reply_id as reply, attempts, fence, worker, lease_until, not_before, last_error from chat.jobs');
	const quota = await cluster.rows(`select user_id as user, day::text, messages, tokens,
		coalesce((to_jsonb(q)->>'reserved_tokens')::bigint, 0) as reserved from chat.quota q`);
	const ledger = await cluster.rows(`select reply_id as reply, user_id as user, day::text, prompt_tokens as prompt,
		output_tokens as output from chat.ledger`);
	return { messages, jobs, quota, ledger };
}

function index(list, key) {
	const map = new Map();
	for (const one of list) {
		const k = key(one);
		map.set(k, [...(map.get(k) ?? []), one]);
	}
	return map;
}

// A reply that failed or was blocked gave its message of the day back, and so did one that was stopped before anybody had
// begun it: then no model had been named.
const isGivenBack = (r) => r.state === 'failed' || r.state === 'blocked' || (r.state === 'stopped' && r.model === null);
const hasEnded = (r, owed) => r.state !== 'queued' && !owed.has(r.id);

function judgeBooks(t, ownerOf, found) {
	const wrong = (what) => found.ledger.push({ what });
	const replies = t.messages.filter((m) => m.sender === 'gemini');
	const byReply = index(t.ledger, (l) => l.reply);
	for (const r of replies) {
		const rows = byReply.get(r.id) ?? [];
		if (r.state === 'complete' && rows.length !== 1)
			wrong(`reply ${r.id} is complete and has ${rows.length} rows in the ledger`);
		if (r.prompt !== null && rows[0] && (r.prompt !== rows[0].prompt || r.output !== rows[0].output))
			wrong(`reply ${r.id} tells ${r.prompt}+${r.output} tokens, the ledger ${rows[0].prompt}+${rows[0].output}`);
		byReply.delete(r.id);
	}
	for (const id of byReply.keys())
		wrong(`a row in the ledger for ${id}, which is no reply`);
	const sums = new Map(), of = (user, d) => {
		const k = `${user} ${d}`;
		if (!sums.has(k))
			sums.set(k, { tokens: 0, messages: 0 });
		return sums.get(k);
	};
	for (const l of t.ledger)
		of(l.user, l.day).tokens += l.prompt + l.output;
	for (const r of replies)
		of(ownerOf.get(r.room), day(r.created)).messages += isGivenBack(r) ? 0 : 1;
	for (const q of t.quota) {
		const sum = of(q.user, q.day);
		if (sum.tokens !== q.tokens)
			wrong(`user ${q.user}, ${q.day}: the quota has ${q.tokens} tokens, the ledger ${sum.tokens}`);
		if (sum.messages !== q.messages)
			wrong(`user ${q.user}, ${q.day}: the quota has ${q.messages} messages, the room ${sum.messages} replies that were not given back`);
		if (q.reserved !== 0)
			wrong(`user ${q.user}, ${q.day}: ${q.reserved} tokens are still reserved`);
		sums.delete(`${q.user} ${q.day}`);
	}
	for (const [k, sum] of sums)
		if (sum.tokens || sum.messages)
			wrong(`${k}: used ${sum.messages} messages and ${sum.tokens} tokens without a quota`);
}

// ops: as clients.mjs leaves them. Gives { lost, unexpected, doubled, unfinished, ledger: [...], recovered, ... }.
export async function judge(cluster, ops, journal) {
	const t = await tables(cluster);
	const ownerOf = new Map((await cluster.rows('select id, user_id as user from chat.rooms')).map((r) => [r.id, r.user]));
	const owed = new Set(t.jobs.map((j) => j.reply));
	const asked = index(t.messages.filter((m) => m.sender === 'user'), (m) => tagOf(m.content) ?? m.content);
	const answers = index(t.messages.filter((m) => m.sender === 'gemini'), (m) => m.parent);
	const found = { lost: [], unexpected: [], doubled: [], unfinished: [], ledger: [], refused: [] };
	const ofOp = (op) => (asked.get(op.tag) ?? []).flatMap((m) => [m, ...(answers.get(m.id) ?? [])])
		.concat(t.jobs.filter((j) => op.acks.some((a) => a.reply === j.reply)));
	const say = (list, op, what) => list.push({ what: `${what}\n${history(op, ofOp(op), journal)}` });

	const known = new Set();

	for (const op of ops) {
		const mine = asked.get(op.tag) ?? [], acked = op.acks[0];
		const replies = mine.flatMap((m) => answers.get(m.id) ?? []);
		known.add(op.tag);
		if (op.refused)
			say(found.refused, op, `refused with ${op.refused.outcome}`);
		if (mine.length > 1)
			say(found.doubled, op, `one key made ${mine.length} messages`);
		if (replies.length > mine.length)
			say(found.doubled, op, `${replies.length} replies`);
		if (op.acks.some((a) => a.message !== acked.message || a.reply !== acked.reply))
			say(found.doubled, op, 'one key was answered with different messages');
		if (acked && (mine[0]?.id !== acked.message || replies[0]?.id !== acked.reply))
			say(found.lost, op, 'acknowledged, and not in the tables');
		if (mine[0] && mine[0].content !== op.content)
			say(found.doubled, op, 'stored with another text than was sent');
		op.recovered = mine.length > 0 && op.attempts[0].outcome !== '202';
		for (const r of replies) {
			op.reply = r;
			if (!hasEnded(r, owed))
				say(found.unfinished, op, `its reply is ${r.state}`);
			else if (wrongReply(op, r))
				say(found.doubled, op, wrongReply(op, r));
		}
	}
	for (const [tag, rows] of asked)
		if (!known.has(tag))
			found.unexpected.push({ what: `a message that nobody sent: ${tag} ${JSON.stringify(rows[0])}` });
	for (const j of t.jobs)
		if (!t.messages.some((m) => m.id === j.reply))
			found.unfinished.push({ what: `a job for ${j.reply}, which is no reply` });
	judgeBooks(t, ownerOf, found);
	return found;
}

const isClean = (found) => Object.values(found).every((list) => list.length === 0);

// The first few of each kind, whole: who reads them must be able to find the fault.
function tell(found, most = 3) {
	return Object.entries(found).filter(([, list]) => list.length).map(([kind, list]) =>
		`${kind}: ${list.length}\n${list.slice(0, most).map((f) => f.what).join('\n\n')}`).join('\n\n');
}

// Waits until nothing is owed; true if that came within the time.
export async function drained(cluster, patienceMs) {
	const until = Date.now() + patienceMs;
	for (;;) {
		if ((await cluster.psql('select count(*) from chat.jobs')) === '0')
			return true;
		if (Date.now() > until)
			return false;
		await new Promise((r) => setTimeout(r, 200));
	}
}

export function assertFound(found) {
	assert.ok(isClean(found), `seed ${seed}\n${tell(found)}`);
}

// Nothing is owed after 60 s at most, and the verdict is clean.
export async function assertClean(cluster, ops, journal) {
	await drained(cluster, 60000); // what is left is unfinished
	assertFound(await judge(cluster, ops, journal));
}
