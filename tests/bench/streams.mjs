// Live replies: how late a byte is, and what a stream costs. `node tests/bench/streams.mjs`
// ONLY=latency|generations|readers runs one part; N=5000 streams.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { signUp } from '../e2e/lib/client.mjs';
import { freePort, sleep, startStack, until } from '../e2e/lib/stack.mjs';
import { during, num, rssMb, table, writeFileSync } from './lib.mjs';

const N = Number(process.env.N ?? 5000), only = process.env.ONLY;
const big = '1000000000';
const generous = { BASIC_DAILY_MESSAGES: big, BASIC_DAILY_TOKENS: '0', ACCESS_TOKEN_S: '3600', BASIC_CONCURRENT: '100000', STREAMS_PER_USER: '100000', RATE_LIMITS: 'off' };
const wants = (part) => !only || only === part;

async function makeUsers(stack, n) {
	const users = [];
	for (let i = 0; i < n; i += 20)
		users.push(...await Promise.all(Array.from({ length: Math.min(20, n - i) }, async () => {
			const me = await signUp(stack.base);
			return { me, token: me.tokens.access_token, room: (await me.post('/chatroom', { name: 'bench' })).json.id };
		})));
	return users;
}

const pidsOf = async (stack, names) => Object.fromEntries(await Promise.all(names.map(async (n) => [n, await stack.pid(n)])));
const at = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];

// ---- how late a byte is ----

// A model whose pieces are the moment at which they were written.
function clockModel(port, pieces, everyMs) {
	const server = createServer(async (req, res) => {
		req.resume();
		res.writeHead(200, { 'content-type': 'text/event-stream' });
		for (let i = 0; i < pieces; i++) {
			const last = i === pieces - 1;
			await sleep(everyMs);
			res.write(`data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: `${performance.now()} ` }], role: 'model' }, ...(last && { finishReason: 'STOP' }) }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: i + 1 } })}\n\n`);
		}
		res.end();
	});
	return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

async function lateness(url, options) {
	const late = [], r = await fetch(url, options);
	let text = '';
	for await (const bytes of r.body.pipeThrough(new TextDecoderStream())) {
		const now = performance.now();
		text += bytes;
		let end;
		while ((end = text.indexOf('\n\n')) >= 0) {
			const event = text.slice(0, end);
			text = text.slice(end + 2);
			if (!/"text"/.test(event))
				continue;
			for (const m of event.matchAll(/(\d+\.\d+) /g))
				late.push(now - Number(m[1]));
		}
	}
	return late;
}

async function latency() {
	const port = await freePort(), model = await clockModel(port, 40, 25), rows = [];
	const direct = (await lateness(`http://127.0.0.1:${port}/`, { method: 'POST' })).sort((a, b) => a - b);
	rows.push(['the model itself, read directly', num(at(direct, 0.5), 2), num(at(direct, 0.99), 2), '', '']);
	for (const delta of ['0', '20']) {
		const stack = await startStack({ ...generous, GEMINI_BASE_URL: `http://127.0.0.1:${port}`, GEMINI_API_KEY: 'k', WORKER_DELTA_MS: delta });
		try {
			const [user] = await makeUsers(stack, 1), late = [];
			for (let i = 0; i < 8; i++)
				late.push(...await lateness(`${stack.base}/chatroom/${user.room}/message`, {
					method: 'POST', body: JSON.stringify({ content: 'x' }),
					headers: { authorization: `Bearer ${user.token}`, accept: 'text/event-stream', 'content-type': 'application/json' },
				}));
			late.sort((a, b) => a - b);
			const added = at(late, 0.5) - at(direct, 0.5), limit = Number(delta) + 5;
			rows.push([`through Castor, pieces gathered for ${delta} ms`, num(at(late, 0.5), 2), num(at(late, 0.99), 2), num(added, 2), num(added / limit, 2)]);
		} finally {
			await stack.stop();
		}
	}
	model.close();
	model.closeAllConnections();
	return table('f. From the byte at the model to the byte at the client', ['what', 'p50 ms', 'p99 ms', 'added p50 ms', 'of the limit (gathering + 5 ms)'], rows);
}

// ---- many generations in one worker ----

async function generations() {
	const stack = await startStack({ ...generous, WORKER_CONCURRENCY: String(N) });
	try {
		const users = await makeUsers(stack, 100), names = ['ai-worker', 'chat', 'redis', 'fake-gemini'], pids = await pidsOf(stack, names);
		const idle = rssMb(pids['ai-worker']);
		let peak = 0, open = 0;
		const m = await during(pids, async () => {
			for (let i = 0; i < N; i += users.length)
				await Promise.all(users.slice(0, N - i).map((u) => u.me.post(`/chatroom/${u.room}/message`, { content: '[[chunks=30 chunk_delay=1000 bytes=1000]]' })));
			await until('all are being written, or some are done', async () => {
				peak = Math.max(peak, rssMb(pids['ai-worker']));
				open = Math.max(open, Number(await stack.psql('select count(*) from chat.jobs where lease_until > now()')));
				return (await stack.psql('select count(*) from chat.jobs')) === '0';
			}, { tries: 600, everyMs: 250 });
		});
		const done = await stack.psql(`select count(*) from chat.messages where sender = 'gemini' and state = 'complete'`);
		return table(`g. ${num(N)} generations in one worker`, ['at once', 'completed', 'idle MB', 'peak MB', 'of 100 MB', 'KB each', 'worker µs per piece', 'redis µs per piece'],
			[[num(open), done, num(idle, 1), num(peak, 1), num(peak / 100, 2), num((peak - idle) * 1024 / open, 1), num(m.used['ai-worker'] * 1e6 / (N * 30), 1), num(m.used.redis * 1e6 / (N * 30), 1)]]);
	} finally {
		await stack.stop();
	}
}

// ---- many readers of one chat process ----

// One reader without a parser: counts the bytes of events, sees the end.
function reader(port, path, token) {
	const r = { deltas: 0, ended: false, status: 0 };
	let rest = '';
	r.socket = connect(port, '127.0.0.1', () => r.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\n\r\n`));
	r.socket.on('error', () => {});
	r.socket.on('data', (b) => {
		const text = rest + b.toString('latin1'), whole = text.lastIndexOf('\n') + 1;
		rest = text.slice(whole);
		r.status ||= Number(text.slice(9, 12));
		r.deltas += text.slice(0, whole).split('event: reply.delta\n').length - 1;
		r.ended ||= text.slice(0, whole).includes('event: reply.done\n');
	});
	return r;
}

async function readers() {
	const stack = await startStack({ ...generous, WORKER_CONCURRENCY: '512' });
	try {
		const rows = [], users = await makeUsers(stack, 50), names = ['chat', 'redis'], pids = await pidsOf(stack, names);
		const port = Number(new URL(stack.env.CHAT_URL ?? `http://${stack.env.CHAT_LISTEN}`).port);
		for (const [what, one] of [['one reply each 100 readers', true], ['the room, 100 readers each', false]]) {
			const idle = rssMb(pids.chat), ends = [];
			const replies = await Promise.all(users.map(async (u) => (await u.me.post(`/chatroom/${u.room}/message`, { content: '[[delay=15000 chunks=50 chunk_delay=200 bytes=5000]]' })).json.reply.id));
			for (let i = 0; i < N; i++) {
				const u = users[i % users.length], reply = replies[i % users.length];
				ends.push(reader(port, one ? `/chatroom/${u.room}/message/${reply}/events` : `/chatroom/${u.room}/events`, u.token));
				if (i % 100 === 99)
					await sleep(20);
			}
			await until('all are connected', () => ends.every((e) => e.status));
			const connected = rssMb(pids.chat);
			let peak = connected;
			const m = await during(pids, () => until('all replies have ended', () => {
				peak = Math.max(peak, rssMb(pids.chat));
				return ends.every((e) => e.ended);
			}, { tries: 1200, everyMs: 100 }));
			const deltas = ends.reduce((sum, e) => sum + e.deltas, 0);
			rows.push([what, num(ends.filter((e) => e.status === 200).length), num(idle, 1), num(connected, 1), num(peak, 1), num(peak / 100, 2), num((connected - idle) * 1024 / N, 1), num(m.used.chat * 1e6 / deltas, 1)]);
			ends.forEach((e) => e.socket.destroy());
			await sleep(1000);
		}
		return table(`h. ${num(N)} readers of one chat process`, ['following', 'answered 200', 'idle MB', 'connected MB', 'peak MB', 'of 100 MB', 'KB each', 'chat µs per delta and reader'], rows);
	} finally {
		await stack.stop();
	}
}

let text = '';
if (wants('latency'))
	text += await latency();
if (wants('generations'))
	text += await generations();
if (wants('readers'))
	text += await readers();
if (process.env.OUT)
	writeFileSync(process.env.OUT, text);
