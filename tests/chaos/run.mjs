// run.mjs: every part of the proof, one after the other; `make chaos` calls it. The seed is said first, at the end, and in every failure;
// CHAOS_SEED gives it again, CHAOS_SECONDS how long the steady load lasts (under 300 the other parts are short, too), ONLY=word picks parts.
// The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
process.env.CHAOS_SEED ||= String(Math.floor(Math.random() * 1e9));
process.env.CHAOS_SECONDS ||= '600';
const { CHAOS_SEED, CHAOS_SECONDS, ONLY = '' } = process.env;
// Short ones first: they fail early.
const order = ['judge', 'idempotency', 'one_room', 'commit_cut', 'redis_faults', 'crash_points', 'streams', 'steady'];
const parts = order.filter((p) => p.includes(ONLY));
for (const file of readdirSync(here))
	if (file.endsWith('.test.mjs') && !order.includes(file.replace('.test.mjs', '')))
		throw new Error(`${file} is in no order here`);

// Each is given its time and no more.
const limitS = (part) => part === 'steady' ? Number(CHAOS_SECONDS) + 240 : 600;

function run(part) {
	return new Promise((done) => {
		const file = join(here, `${part}.test.mjs`);
		if (!existsSync(file))
			throw new Error(`there is no ${file}`);
		const child = spawn('timeout', ['-k', '30', String(limitS(part)), join(here, '../../scripts/node-test.sh'), file],
			{ stdio: ['ignore', 'pipe', 'inherit'] });
		let tail = '';
		child.stdout.on('data', (bytes) => {
			process.stdout.write(bytes);
			tail = (tail + bytes).slice(-400);
		});
		child.on('close', () => {
			const totals = /(\d+) passed, (\d+) failed\n$/.exec(tail);
			done(totals ? { passed: Number(totals[1]), failed: Number(totals[2]) } : { passed: 0, failed: 1 });
		});
	});
}

console.log(`chaos: seed ${CHAOS_SEED}, steady load for ${CHAOS_SECONDS} s`);
let passed = 0, failed = 0;
for (const part of parts) {
	const began = Date.now();
	console.log(`\n---- ${part} ----`);
	const r = await run(part);
	passed += r.passed;
	failed += r.failed;
	console.log(`---- ${part}: ${r.failed ? 'FAILED' : 'ok'}, ${Math.round((Date.now() - began) / 1000)} s ----`);
}
if (failed)
	console.log(`\nagain: CHAOS_SEED=${CHAOS_SEED} CHAOS_SECONDS=${CHAOS_SECONDS} make chaos${ONLY && ` ONLY=${ONLY}`}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
