// What every process tells at /metrics: by Prometheus' conventions, bounded, and the sum of all workers.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { client, signUp } from './lib/client.mjs';
import { startStack, until } from './lib/stack.mjs';

const WORKERS = 3;
let stack, me, room;

before(async () => {
	stack = await startStack({ GATEWAY_WORKERS: String(WORKERS) });
	me = await signUp(stack.base);
	room = (await me.post('/chatroom', { name: 'r' })).json.id;
	assert.equal((await me.post(`/chatroom/${room}/message`, { content: 'hello' }, { prefer: 'wait=20' })).status, 200);
});
after(() => stack?.stop());

const text = async (url) => (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
const gateway = () => text(stack.env.GATEWAY_ADMIN_URL);
// The value of one series; 0 if there is none yet.
async function value(series) {
	const line = (await gateway()).split('\n').find((l) => l.startsWith(`${series} `));
	return line ? Number(line.slice(series.length + 1)) : 0;
}

test('names, units, types and help', async () => {
	for (const [name, urls] of Object.entries(stack.env).filter(([n]) => n.endsWith('_ADMIN_URL')))
		for (const url of urls.split(',')) {
			const types = {}, seen = new Set();
			let last = '';
			for (const line of (await text(url)).trimEnd().split('\n')) {
				const said = /^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$/.exec(line);
				if (said) {
					if (said[1] === 'TYPE')
						types[last = said[2]] = said[3];
					continue;
				}
				const sample = /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (-?[0-9.e+-]+)$/.exec(line);
				assert.ok(sample, `${name}: ${line}`);
				const base = types[last] === 'histogram' ? sample[1].replace(/_(bucket|sum|count)$/, '') : sample[1];
				assert.equal(base, last, `${name}: ${line} stands with its own`);
				assert.ok(!seen.has(sample[1] + sample[2]), `${name}: ${line} is there twice`);
				seen.add(sample[1] + sample[2]);
				assert.ok(sample[2] === undefined || sample[2].length < 200, line);
			}
			for (const [metric, type] of Object.entries(types)) {
				assert.equal(metric.endsWith('_total'), type === 'counter', metric);
				assert.ok(type !== 'histogram' || metric.endsWith('_seconds'), metric); // base units
			}
		}
});

test('buckets add up, to the count', async () => {
	const series = 'http_server_request_duration_seconds', labels = 'route="/chatroom",method="POST",status="2xx"';
	const lines = (await gateway()).split('\n').filter((l) => l.includes(labels));
	const buckets = lines.filter((l) => l.startsWith(`${series}_bucket`)).map((l) => Number(l.split(' ')[1]));
	assert.ok(buckets.length > 10 && buckets.every((n, i) => i === 0 || n >= buckets[i - 1]));
	assert.equal(buckets.at(-1), Number(lines.find((l) => l.startsWith(`${series}_count`)).split(' ')[1]));
	assert.ok(lines.some((l) => l.includes('le="+Inf"')));
});

test('every request is counted once, by route, whichever worker served it', async () => {
	const series = 'http_server_request_duration_seconds_count{route="/user/me",method="GET",status="2xx"}';
	const before = await value(series), n = 60;
	await Promise.all(Array.from({ length: n }, () => me.get('/user/me', { connection: 'close' })));
	await until('all are counted', async () => (await value(series)) >= before + n);
	assert.equal(await value(series), before + n);
});

test('what nobody knows shares one series; no id, number or name is a label', async () => {
	const anyone = client(stack.base), series = 'http_server_request_duration_seconds_count{route="none",method="any",status="4xx"}';
	const before = await value(series), lines = (await gateway()).split('\n').length;
	for (let i = 0; i < 20; i++)
		assert.equal((await anyone.call(['GET', 'PUT'][i % 2], `/nowhere/${i}?a=${i}`)).status, 404);
	await until('they are counted', async () => (await value(series)) === before + 20);
	assert.ok((await gateway()).split('\n').length <= lines + 20); // one histogram at the most
	for (const [name, urls] of Object.entries(stack.env).filter(([n]) => n.endsWith('_ADMIN_URL'))) {
		const all = await text(urls.split(',')[0]);
		const { user_id } = JSON.parse(Buffer.from(me.tokens.access_token.split('.')[1], 'base64url').toString().replace('"sub"', '"user_id"'));
		for (const secret of [room, user_id, me.mobile, 'nowhere/1'])
			assert.ok(!all.includes(secret), `${name} tells ${secret}`);
	}
});

const talk = (say) => new Promise((resolve) => {
	let got = '';
	const s = connect(new URL(stack.base).port, '127.0.0.1', () => s.write(say));
	s.on('data', (d) => { got += d; }).on('error', () => {}).on('close', () => resolve(got));
});

test('refused requests, open ones, connections, lost log lines', async () => {
	const refused = await value('http_server_refused_total');
	assert.match(await talk('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), /^HTTP\/1.1 400 /);
	await until('it is counted', async () => (await value('http_server_refused_total')) === refused + 1);
	const leave = new AbortController();
	const streams = await Promise.all(Array.from({ length: 5 }, () => fetch(`${stack.base}/chatroom/${room}/events`, {
		headers: { authorization: `Bearer ${me.tokens.access_token}` }, signal: leave.signal })));
	assert.ok(streams.every((r) => r.status === 200));
	await until('they are seen', async () => (await value('http_server_active_requests')) >= 5 && (await value('http_server_connections')) >= 5);
	leave.abort();
	await until('and gone', async () => (await value('http_server_active_requests')) === 0);
	assert.match(await gateway(), /^log_lines_dropped_total \d+$/m);
});
