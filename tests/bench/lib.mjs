// What the benchmarks share: processor time of processes, wrk, tables.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { run } from '../e2e/lib/stack.mjs';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString());

function children(pid) {
	try {
		return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
	} catch {
		return [];
	}
}

// Seconds of processor time of a process, and of its children if asked (Postgres).
export function cpu(pid, deep = false) {
	let total = 0;
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		total = (Number(f[11]) + Number(f[12]) + (deep ? Number(f[13]) + Number(f[14]) : 0)) / TICKS;
	} catch {
		return 0;
	}
	return deep ? children(pid).reduce((sum, c) => sum + cpu(c, true), total) : total;
}

// Resident memory; with `deep` of the children as well.
export function rssMb(pid, deep = false) {
	const m = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
	return Number(m[1]) / 1024 + (deep ? children(pid).reduce((sum, c) => sum + rssMb(c, true), 0) : 0);
}

const unit = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };
const ms = (text) => {
	const m = /([\d.]+)(us|ms|s|m)/.exec(text);
	return m ? Number(m[1]) * unit[m[2]] : NaN;
};

// Runs wrk; { rps, n, p50, p99 (ms), bad }.
export async function wrk(url, { seconds = 5, connections = 64, script, token, hurried = false } = {}) {
	const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency'];
	if (script)
		args.push('-s', script);
	if (token)
		args.push('-H', `Authorization: Bearer ${token}`);
	const out = hurried ? await run('chrt', ['-f', '1', 'wrk', ...args, url]) : await run('wrk', [...args, url]);
	return {
		rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]),
		n: Number(/(\d+) requests in/.exec(out)[1]),
		p50: ms(/50%\s+(\S+)/.exec(out)?.[1] ?? ''),
		p99: ms(/99%\s+(\S+)/.exec(out)?.[1] ?? ''),
		bad: Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0) +
			(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(out)?.slice(1).map(Number).reduce((a, b) => a + b) ?? 0),
	};
}

// Processor time per request, in microseconds, of the named processes while `work` runs.
export async function during(pids, work, deep = []) {
	const before = Object.fromEntries(Object.entries(pids).map(([k, p]) => [k, cpu(p, deep.includes(k))]));
	const result = await work();
	const used = Object.fromEntries(Object.entries(pids).map(([k, p]) => [k, cpu(p, deep.includes(k)) - before[k]]));
	return { result, used, us: (n) => Object.fromEntries(Object.entries(used).map(([k, s]) => [k, s * 1e6 / n])) };
}

export const num = (x, digits = 0) => (Number.isFinite(x) ? x.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits }) : '-');

export function table(title, head, rows) {
	const lines = [`\n### ${title}\n`, `| ${head.join(' | ')} |`, `|${head.map((_, i) => (i ? '---:' : '---')).join('|')}|`,
		...rows.map((r) => `| ${r.join(' | ')} |`), ''];
	console.log(lines.join('\n'));
	return lines.join('\n');
}

export { spawn, writeFileSync };
