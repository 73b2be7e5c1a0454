// Programs to be compared: started, each on its processor, with files of their own; and what they use.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const here = fileURLToPath(new URL('.', import.meta.url));
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function answers(port) {
	for (let i = 0; i < 100; i++) {
		const up = await new Promise((resolve) => {
			const s = connect(port, '127.0.0.1', () => s.destroy() && resolve(true));
			s.on('error', () => resolve(false));
		});
		if (up)
			return;
		await sleep(50);
	}
	throw new Error(`nothing came up on ${port}`);
}

// Who asks, and all that it starts without saying where, is on processor 1: what is measured has processor 0 to itself.
export async function openLab() {
	execFileSync('taskset', ['-acp', '1', String(process.pid)]);
	const dir = await mkdtemp(join(tmpdir(), 'castor-gateway-bench-')), children = [];

	process.on('exit', () => children.forEach((child) => child.kill('SIGTERM')));
	return {
		dir,
		// Its pid, once it listens on the port.
		async start(cpu, command, words, port) {
			const child = spawn('taskset', ['-c', String(cpu), command, ...words], { stdio: ['ignore', 'ignore', 'inherit'], env });
			children.push(child);
			await answers(port);
			return child.pid;
		},
		// A copy of the file with @NAME@ filled in.
		async fill(file, values) {
			const out = join(dir, file);
			let text = await readFile(join(here, file), 'utf8');
			for (const [name, value] of Object.entries({ DIR: dir, HERE: dir, ...values }))
				text = text.replaceAll(`@${name}@`, value);
			await writeFile(out, text);
			return out;
		},
		async stop() {
			for (const child of children) {
				child.kill('SIGTERM');
				if (child.exitCode === null && child.signalCode === null)
					await once(child, 'exit');
			}
			await rm(dir, { recursive: true });
		},
	};
}

// A process, its threads and its children are not kept waiting by others on their processor: who waits for a time slice answers late,
// whoever wrote it. (What is always busy is stopped by the kernel for a twentieth of each second, one like the other.)
export function hurry(pid, priority) {
	for (const task of readdirSync(`/proc/${pid}/task`)) {
		execFileSync('chrt', ['-f', '-p', String(priority), task]);
		for (const child of childrenOf(pid, task))
			hurry(child, priority);
	}
}

const childrenOf = (pid, task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

// Nanoseconds of processor time of a process, its threads and its children.
export function cpuNs(pid) {
	let total = 0;
	for (const task of readdirSync(`/proc/${pid}/task`)) {
		total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
		for (const child of childrenOf(pid, task))
			total += cpuNs(child);
	}
	return total;
}

export const rssKb = (pid) => {
	const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
	return childrenOf(pid, pid).reduce((sum, c) => sum + rssKb(c), own);
};
