// run.mjs: every part of the proof; `make chaos` calls it. The seed is said first, at the end, and in every failure; CHAOS_SEED gives it
// again, CHAOS_SECONDS how long the steady load lasts (under 300 the other parts are short, too), ONLY=word picks parts.
// The long form runs one part after the other. In the short one they run beside each other, as they wait more than they compute, and each
// says what it has to say when it has ended. The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
process.env.CHAOS_SEED ||= String(Math.floor(Math.random() * 1e9));
process.env.CHAOS_SECONDS ||= '600';
const { CHAOS_SEED, CHAOS_SECONDS, ONLY = '' } = process.env;
const isShort = Number(CHAOS_SECONDS) < 300;
// Short parts first: they fail early. Beside each other the long ones begin, so that none is left alone at the end.
const order = ['judge', 'idempotency', 'one_room', 'commit_cut', 'redis_faults', 'crash_points', 'streams', 'steady'];
const parts = (isShort ? [...order].reverse() : order).filter((p) => p.includes(ONLY));
const atOnce = isShort ? Math.min(parts.length, cpus().length + 1) : 1;
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
		let said = '';
		child.stdout.on('data', (bytes) => {
			said += bytes;
			if (atOnce === 1)
				process.stdout.write(bytes);
		});
		child.on('close', () => {
			const totals = /(\d+) passed, (\d+) failed\n$/.exec(said);
			done({ said, ...totals ? { passed: Number(totals[1]), failed: Number(totals[2]) } : { passed: 0, failed: 1 } });
		});
	});
}

console.log(`chaos: seed ${CHAOS_SEED}, steady load for ${CHAOS_SECONDS} s`);
let passed = 0, failed = 0;
const left = [...parts];

async function runNext() {
	const part = left.shift();
	if (!part)
		return;
	const began = Date.now();
	if (atOnce === 1)
		console.log(`\n---- ${part} ----`);
	const r = await run(part);
	passed += r.passed;
	failed += r.failed;
	if (atOnce > 1)
		process.stdout.write(`\n---- ${part} ----\n${r.said}`);
	console.log(`---- ${part}: ${r.failed ? 'FAILED' : 'ok'}, ${Math.round((Date.now() - began) / 1000)} s ----`);
	await runNext();
}

await Promise.all(Array.from({ length: atOnce }, runNext));
if (failed)
	console.log(`\nagain: CHAOS_SEED=${CHAOS_SEED} CHAOS_SECONDS=${CHAOS_SECONDS} make chaos${ONLY && ` ONLY=${ONLY}`}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
