// One of the simulators, from $CASTOR_BUILD/bin (default: build), on a free port of its own.
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort } from './stack.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const build = resolve(root, process.env.CASTOR_BUILD || 'build');

// env may be a function of the simulator's own URL.
export async function simulator(name, env = {}) {
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const child = spawn(join(build, 'bin', name), {
		stdio: ['ignore', 'ignore', 'pipe'],
		env: {
			PATH: process.env.PATH,
			LISTEN: `127.0.0.1:${port}`,
			ADMIN_LISTEN: '127.0.0.1:0',
			...(typeof env === 'function' ? env(url) : env),
		},
	});
	let log = '';
	const ended = new Promise((done) => child.on('exit', (code) => done(code)));
	child.stderr.on('data', (d) => (log += d));
	child.on('error', (e) => (log += e));
	while (!log.includes('"event":"started"')) {
		if (child.exitCode !== null || log.includes('ENOENT'))
			throw new Error(`${name} did not start: ${log}`);
		await sleep(10);
	}
	return {
		url,
		port,
		log: () => log,
		json: async (path, body) => {
			const r = await fetch(url + path, body === undefined
				? undefined
				: { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
			return r.status === 204 ? undefined : r.json();
		},
		// Its exit code: 0 if it ended well.
		stop: () => {
			child.kill('SIGTERM');
			return ended;
		},
	};
}

export async function until(what, check) {
	for (let left = 1000; left > 0; left--) {
		const v = await check();
		if (v)
			return v;
		await sleep(10);
	}
	throw new Error(`never came: ${what}`);
}
