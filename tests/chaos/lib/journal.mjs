// What was done to the system, and when: told beside a message's own history when something went wrong.
export class Journal {
	#began = Date.now();
	faults = []; // { at, until, who, what, pid }

	now() {
		return Date.now() - this.#began;
	}

	note(who, what, pid) {
		const fault = { at: this.now(), who, what, pid };
		this.faults.push(fault);
		return fault;
	}

	around(from, to) {
		return this.faults.filter((f) => f.at >= from - 5000 && f.at <= to + 5000 || f.at < from && (f.until ?? 0) > from);
	}

	// Kills by process and signal: { worker: { SIGKILL: 3 } }.
	table() {
		const out = {};
		for (const { who, what } of this.faults) {
			const kind = who.replace(/-\d+$/, '');
			const row = (out[kind] ??= {});
			row[what] = (row[what] ?? 0) + 1;
		}
		return out;
	}
}

const s = (ms) => `${(ms / 1000).toFixed(3).padStart(9)} s`;

// The history of one message: what its client tried, what was done around it, what the tables hold.
export function history(op, rows, journal) {
	const from = op.attempts[0]?.at ?? 0, last = op.attempts.at(-1);
	const to = Math.max((last?.at ?? 0) + (last?.took ?? 0), op.endedAt ?? 0);
	const events = [
		...op.attempts.map((a) => [a.at, `client  attempt by ${a.by ?? 'the gateway'}: ${a.outcome} after ${a.took} ms${a.detail ? ` (${a.detail})` : ''}`]),
		...journal.around(from, to).map((f) => [f.at, `fault   ${f.what} ${f.who} (pid ${f.pid})${f.until ? ` until ${s(f.until).trim()}` : ''}`]),
	].sort((a, b) => a[0] - b[0]);
	return [`message ${op.tag}, key ${op.key}, shape ${op.shape}, content ${JSON.stringify(op.content.slice(0, 120))}...`,
		...events.map(([at, what]) => `  ${s(at)}  ${what}`),
		...[...new Set(op.acks.map((a) => `  told as accepted: message ${a.message}, reply ${a.reply}`))],
		...rows.map((r) => `  row  ${JSON.stringify({ ...r, content: r.content?.length > 160 ? `${r.content.slice(0, 160)}... (${r.content.length})` : r.content })}`),
	].join('\n');
}
