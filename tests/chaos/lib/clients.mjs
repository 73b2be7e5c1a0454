// Clients as they should be: a message has an Idempotency-Key, and is sent again under it until an answer says what became of
// it. Every attempt is written down.
import { signUp } from '../../e2e/lib/client.mjs';
import { sleep } from './proc.mjs';

export async function users(cluster, n) {
	const all = [];
	while (all.length < n) {
		const some = await Promise.all(Array.from({ length: Math.min(10, n - all.length) }, async () => {
			const me = await signUp(cluster.base);
			return { me, token: me.tokens.access_token, room: (await me.post('/chatroom', { name: 'chaos' })).json.id };
		}));
		all.push(...some);
	}
	for (const u of all)
		u.id = JSON.parse(Buffer.from(u.token.split('.')[1], 'base64url')).sub;
	return all;
}

// One request, with what became of it in a word: its status, or how it ended without one.
export async function ask(url, { method = 'POST', token, body, headers = {}, patienceMs = 6000 }) {
	try {
		const r = await fetch(url, {
			method,
			signal: AbortSignal.timeout(patienceMs),
			headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }), ...headers },
			body: body && JSON.stringify(body),
		});
		const text = await r.text();
		let json;
		try {
			json = JSON.parse(text);
		} catch {
			// a page, or nothing
		}
		return { status: r.status, outcome: String(r.status), json, headers: r.headers, text };
	} catch (e) {
		return { status: 0, outcome: e.name === 'TimeoutError' ? 'timeout' : `cut (${e.cause?.code ?? e.cause?.message ?? e.message})` };
	}
}

// Sends op until it is answered with 2xx, or for good. what: { bases, journal, lots, givesUp, until() }.
export async function send(op, user, what) {
	const { bases, journal, lots } = what;
	op.key = `key-${op.tag}`;
	op.user = user;
	op.attempts = [];
	op.acks = [];
	for (let wait = 100; ; wait = Math.min(wait * 2, 1500)) {
		const base = lots.pick(bases), at = journal.now();
		// Some clients lose patience very early: their connection is cut while the request is under way.
		const hasty = lots.chance(0.03);
		const attempt = { at, by: `client of ${base}`, outcome: 'under way', took: 0 };
		op.attempts.push(attempt);
		const r = await ask(`${base}/chatroom/${user.room}/message`, { token: user.token, body: { content: op.content },
			headers: { 'idempotency-key': op.key }, patienceMs: hasty ? lots.int(1, 30) : 6000 });
		attempt.took = journal.now() - at;
		attempt.outcome = r.outcome;
		if (r.status === 202) {
			op.acks.push({ message: r.json.id, reply: r.json.reply.id });
			op.replayed = r.headers.get('idempotent-replayed') === 'true';
			op.ackedAt = journal.now();
			// The same once more, now and then: it must be the same message.
			if (op.acks.length > 1 || !lots.chance(0.05))
				return op;
			continue;
		}
		attempt.detail = r.json?.code ?? r.text?.slice(0, 80);
		// 429 without a quota is the edge's, and 5xx and silence are nobody's word on the message.
		if (r.status && r.status < 500 && r.status !== 429 && r.status !== 408) {
			op.refused = r;
			return op;
		}
		if (op.givesUp && op.attempts.length >= 2 && !op.acks.length || what.over?.())
			return op;
		await sleep(lots.int(wait / 2, wait));
	}
}

// Stops a reply, until somebody says 202.
export async function stop(op, what) {
	while (!what.over?.()) {
		const r = await ask(`${what.lots.pick(what.bases)}/chatroom/${op.user.room}/message/${op.acks[0].reply}/stop`, { token: op.user.token });
		if (r.status === 202)
			return r.json.state;
		await sleep(300);
	}
}
