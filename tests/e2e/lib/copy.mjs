// One more copy of a process of the stack, beside the one that its supervisor keeps.
import { spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { freePort, until } from './stack.mjs';

export async function startCopy(stack, name, settings = {}) {
	const pid = await stack.pid(name);
	const env = Object.fromEntries((await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean)
		.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
	const port = await freePort(), admin = await freePort();
	const child = spawn(await readlink(`/proc/${pid}/exe`), {
		env: { ...env, LISTEN: `127.0.0.1:${port}`, ADMIN_LISTEN: `127.0.0.1:${admin}`, ...settings },
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let log = '';
	const ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
	child.stderr.on('data', (d) => (log += d));
	await until(`a second ${name}`, () => fetch(`http://127.0.0.1:${admin}/readyz`).then((r) => r.ok, () => false));
	return {
		base: `http://127.0.0.1:${port}`,
		pid: child.pid,
		log: () => log,
		kill: (signal) => {
			child.kill(signal);
			return ended;
		},
	};
}
