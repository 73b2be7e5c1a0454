// A whole Castor of one's own: `make up` in a RUN_DIR of its own on a free port, `make down` at the end.
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

const given = new Set();
// Below those that the system gives to outgoing connections, which may take one before its server comes; drawn by lot, as other runs
// draw theirs at the same time.
export function freePort() {
	const port = 10000 + randomInt(22000);
	if (given.has(port))
		return freePort();
	given.add(port);
	return new Promise((resolve) => {
		const s = createServer();
		s.on('error', () => resolve(freePort()));
		s.listen(port, '127.0.0.1', () => s.close(() => resolve(port)));
	});
}

export function run(cmd, args, options = {}) {
	return new Promise((resolve, reject) => {
		execFile(cmd, args, { cwd: root, maxBuffer: 64 << 20, ...options }, (err, stdout, stderr) => {
			if (err) {
				err.message += `\n${stdout}\n${stderr}`;
				reject(err);
			} else {
				resolve(stdout);
			}
		});
	});
}

function parseEnv(text) {
	const out = {};
	for (const line of text.split('\n')) {
		const m = /^(?:export )?([A-Z0-9_]+)=(.*)$/.exec(line);
		if (m)
			out[m[1]] = m[2].replace(/^'(.*)'$/s, '$1').replace(/^"(.*)"$/s, '$1');
	}
	return out;
}

async function psql(url, sql) {
	return (await run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', url, '-c', sql])).trim();
}

// One command on a connection of its own; answers as JavaScript values.
function redis(url, words) {
	const { hostname, port, password } = new URL(url);
	const encode = (list) => `*${list.length}\r\n${list.map((w) => `$${Buffer.byteLength(String(w))}\r\n${w}\r\n`).join('')}`;
	return new Promise((resolve, reject) => {
		const socket = connect(Number(port), hostname);
		let text = '';
		socket.setEncoding('utf8');
		socket.on('error', reject);
		socket.on('data', (more) => {
			text += more;
			const at = { pos: 0 };
			try {
				if (password)
					decode(text, at);
				resolve(decode(text, at));
				socket.destroy();
			} catch (err) {
				if (err !== 'more') {
					reject(err);
					socket.destroy();
				}
			}
		});
		socket.write((password ? encode(['AUTH', decodeURIComponent(password)]) : '') + encode(words));
	});
}

function decode(text, at) {
	const end = text.indexOf('\r\n', at.pos);
	if (end < 0)
		throw 'more';
	const kind = text[at.pos], rest = text.slice(at.pos + 1, end);
	at.pos = end + 2;
	if (kind === '+')
		return rest;
	if (kind === '-')
		throw new Error(rest);
	if (kind === ':')
		return Number(rest);
	if (kind === '$') {
		if (rest === '-1')
			return null;
		const bytes = Buffer.from(text.slice(at.pos));
		if (bytes.length < Number(rest) + 2)
			throw 'more';
		const value = bytes.subarray(0, Number(rest)).toString();
		at.pos += value.length + 2;
		return value;
	}
	return Array.from({ length: Number(rest) }, () => decode(text, at));
}

// A process that crashed, or that a sanitizer had something to say about, fails the test that started it.
async function assertNothingBroke(logs) {
	const broken = /AddressSanitizer|LeakSanitizer|runtime error:|Assertion .* failed|Segmentation fault/;
	for (const name of await readdir(logs)) {
		const text = await readFile(join(logs, name), 'utf8');
		const at = text.search(broken);
		if (at >= 0)
			throw new Error(`${name}:\n${text.slice(Math.max(0, at - 500), at + 4000)}`);
	}
}

// settings: what would stand in .env. Returns { base, env, restart, stop, psql }.
export async function startStack(settings = {}) {
	const dir = await mkdtemp(join(process.env.CASTOR_TEST_TMP ?? tmpdir(), 'castor-e2e-'));
	const port = Number(settings.PORT) || await freePort();
	const env = { ...process.env, ...settings, RUN_DIR: dir, PORT: String(port) };

	try {
		await run('scripts/stack.sh', ['up'], { env });
	} catch (err) {
		await run('scripts/stack.sh', ['down'], { env }).catch(() => {});
		throw err;
	}
	const known = parseEnv(await readFile(join(dir, 'stack.env'), 'utf8'));
	return {
		base: `http://127.0.0.1:${port}`,
		dir,
		env: known,
		// Pid of one process of the stack, as its pid file says now.
		pid: async (name) => Number((await readFile(join(dir, 'pid', name), 'utf8')).trim().split(/\s/)[0]),
		psql: (sql) => psql(known.OWNER_DATABASE_URL, sql),
		psqlAs: psql,
		redis: (...words) => redis(known.REDIS_URL, words),
		stop: async () => {
			await run('scripts/stack.sh', ['down'], { env });
			await assertNothingBroke(join(dir, 'log'));
			if (!process.env.CASTOR_KEEP)
				await rm(dir, { recursive: true, force: true });
		},
	};
}

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// Asks again until it is true; the last answer is in the error. Never asserts how fast it was.
export async function until(what, ask, { tries = 600, everyMs = 50 } = {}) {
	let last;
	for (let i = 0; i < tries; i++) {
		last = await ask();
		if (last)
			return last;
		await sleep(everyMs);
	}
	throw new Error(`never came true: ${what} (last answer: ${JSON.stringify(last)})`);
}
