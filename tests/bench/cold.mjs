// How long each process takes from exec until it says it is ready: a second copy beside the running one, with
// the same settings on other ports.
import { readFileSync, readlinkSync } from 'node:fs';
import { freePort, sleep } from '../e2e/lib/stack.mjs';
import { spawn } from './lib.mjs';

function environOf(pid) {
	return Object.fromEntries(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean).map((line) => {
		const at = line.indexOf('=');
		return [line.slice(0, at), line.slice(at + 1)];
	}));
}

async function coldStart(pid) {
	const [port, admin] = [await freePort(), await freePort()], times = [];
	const env = { ...environOf(pid), LISTEN: `127.0.0.1:${port}`, PORT: String(port), ADMIN_LISTEN: `127.0.0.1:${admin}` };
	for (let i = 0; i < 5; i++) {
		const began = performance.now();
		const child = spawn(readlinkSync(`/proc/${pid}/exe`), [], { env, stdio: 'ignore' });
		const ended = new Promise((r) => child.on('exit', r));
		for (let tries = 0; tries < 2000; tries++) {
			const r = await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => null);
			if (r?.status === 200)
				break;
			await sleep(1);
		}
		times.push(performance.now() - began);
		child.kill('SIGTERM');
		await ended;
	}
	return times.sort((a, b) => a - b)[2];
}

export async function coldStarts(pids, names) {
	const out = [];
	for (const n of names)
		out.push([n, await coldStart(pids[n])]);
	return out;
}
