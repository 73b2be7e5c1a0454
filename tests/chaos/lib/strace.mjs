// Kills a process at its n-th call of a kind from now on, by strace's fault injection: exactly there, before the call
// is made.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

import { sleep, stat } from './proc.mjs';

// What our processes speak to the world by (strace -c says which): the sockets of libuv, libpq, hiredis and libcurl, and files.
// epoll_wait, futex and clocks are left out: nothing that others see happens there.
export const CALLS = ['socket', 'connect', 'accept4', 'shutdown', 'close', 'read', 'readv', 'write', 'writev', 'sendto', 'sendmsg', 'recvfrom',
	'recvmsg', 'fsync', 'fdatasync'];
// Those that were seen to be used, for when time is short.
export const FEW_CALLS = ['connect', 'read', 'write', 'writev', 'sendto', 'sendmsg', 'recvfrom'];

function isTraced(pid) {
	try {
		return readdirSync(`/proc/${pid}/task`).every((t) => !/^TracerPid:\s0$/m.test(readFileSync(`/proc/${pid}/task/${t}/status`, 'utf8')));
	} catch {
		return false;
	}
}

// Gives { fired(), call(), detach() } once the injection is in place. strace counts each kind of call, and each thread, by itself.
export async function killAtCall(pid, call, n) {
	const tracer = spawn('strace', ['-f', '-qq', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`, '-p', String(pid)],
		{ stdio: ['ignore', 'ignore', 'pipe'] });
	let said = '';
	tracer.stderr.on('data', (d) => (said = (said + d).slice(-2000)));
	const gone = new Promise((done) => tracer.on('close', done));
	tracer.on('error', (e) => (said += e.message));
	while (!isTraced(pid)) {
		// It may fire while it is being put in place: then that was the n-th call.
		if (!stat(pid))
			break;
		if (tracer.exitCode !== null)
			throw new Error(`strace cannot attach (it needs root, or kernel.yama.ptrace_scope=0): ${said}`);
		await sleep(5);
	}
	return {
		fired: () => !stat(pid),
		call: () => said.trim().split('\n').filter((l) => /\(/.test(l)).at(-1)?.replace(/^\[pid +\d+\] /, '').slice(0, 90),
		detach: async () => {
			tracer.kill('SIGTERM');
			await gone;
		},
	};
}
