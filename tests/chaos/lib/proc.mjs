// Processes whose pids we know: those that we run ourselves, those of scripts/stack.sh (by its pid files), and the
// backends of Postgres. Nothing is ever looked up by name.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// What /proc/PID/stat says, or nothing if there is no such process (any more).
export function stat(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		return fields[0] === 'Z' ? undefined : { state: fields[0], parent: Number(fields[1]), started: fields[19] };
	} catch {
		return undefined;
	}
}

// Of a gateway: its workers.
export function children(pid) {
	try {
		return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').map(Number).filter(Boolean);
	} catch {
		return [];
	}
}

export function signal(pid, name) {
	try {
		process.kill(pid, name);
		return true;
	} catch {
		return false;
	}
}

export { freePort as port } from '../../e2e/lib/stack.mjs';

export class Proc {
	constructor(name, kind, argv, env, log) {
		Object.assign(this, { name, kind, argv, env, log, held: false, crashes: [], child: undefined });
	}

	start() {
		this.held = false;
		const out = openSync(this.log, 'a');
		// Should we be killed, it ends as well.
		const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...this.argv], { env: this.env, stdio: ['ignore', out, out] });
		closeSync(out);
		this.child = child;
		child.gone = new Promise((done) => child.on('exit', (code, sig) => {
			if (['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE'].includes(sig))
				this.crashes.push(sig);
			done(sig ?? code);
			if (this.child !== child)
				return;
			this.child = undefined;
			if (!this.held)
				setTimeout(() => this.held || this.child || this.start(), 200);
		}));
		child.on('error', (e) => console.log(`${this.name} could not be started: ${e.message}`));
	}

	get pid() {
		return this.child?.pid && stat(this.child.pid) ? this.child.pid : 0;
	}

	// Who does the work: the gateway's master only watches over its workers.
	get serving() {
		return (this.kind === 'gateway' && children(this.pid)[0]) || this.pid;
	}

	async isReady() {
		try {
			const r = await fetch(`http://${this.env.ADMIN_LISTEN}/readyz`, { signal: AbortSignal.timeout(1000) });
			await r.text();
			return r.status === 200;
		} catch {
			return false;
		}
	}

	async untilReady() {
		for (let i = 0; i < 1500; i++) {
			if (await this.isReady())
				return;
			await sleep(20);
		}
		throw new Error(`${this.name} is not ready; log: ${this.log}`);
	}

	// Ended and not started again; gives how it ended.
	async end(sig = 'TERM') {
		this.held = true;
		const child = this.child;
		if (!child)
			return 0;
		signal(child.pid, 'SIGCONT');
		signal(child.pid, `SIG${sig}`);
		const late = setTimeout(() => signal(child.pid, 'SIGKILL'), 20000);
		const how = await child.gone;
		clearTimeout(late);
		return how;
	}
}

// A process of scripts/stack.sh, which starts it again by itself.
export class StackProc {
	constructor(name, dir) {
		Object.assign(this, { name, kind: name, file: `${dir}/pid/${name}` });
	}

	get pid() {
		try {
			const [pid, started] = readFileSync(this.file, 'utf8').trim().split(' ');
			return stat(pid)?.started === started ? Number(pid) : 0;
		} catch {
			return 0;
		}
	}
}

// Children of the postmaster that serve a client.
export function backends(postmaster) {
	const found = [];
	if (!postmaster)
		return found;
	for (const pid of readdirSync('/proc')) {
		if (!/^\d+$/.test(pid) || stat(pid)?.parent !== postmaster)
			continue;
		try {
			const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
			const who = /^postgres: (?:\S+: )?(castor_\w+) /.exec(title);
			if (who)
				found.push({ pid: Number(pid), role: who[1] });
		} catch {
			// it has just ended
		}
	}
	return found;
}
