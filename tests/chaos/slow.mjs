// See slow.sh. SLOW=4000 clients, for SECONDS=12 each kind.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, run, sleep, startStack } from '../e2e/lib/stack.mjs';

if (process.argv[2] === 'handshakes') {
	await idleHandshakes(Number(process.argv[3]), Number(process.argv[4]));
	await new Promise(() => {});
}
const slow = Number(process.env.SLOW ?? 4000), seconds = Number(process.env.SECONDS ?? 12);
const floorMs = 4; // below this twice as long is noise of two processors that everybody shares
const dir = await mkdtemp(join(tmpdir(), 'castor-slow-'));
const tlsPort = await freePort();
await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=a.test',
	'-keyout', join(dir, 'key'), '-out', join(dir, 'pem')]);
const stack = await startStack({
	GATEWAY_TLS_LISTEN: `127.0.0.1:${tlsPort}`, GATEWAY_TLS_CERT: join(dir, 'pem'), GATEWAY_TLS_KEY: join(dir, 'key'), ACCESS_LOG: 'off',
});
const { port } = new URL(stack.base);

// Asks, every few milliseconds, on a kept connection and on new ones in turn; times in ms.
async function probe(forMs) {
	const agent = new http.Agent({ keepAlive: true });
	const times = [], failures = [];
	const until = performance.now() + forMs;
	for (let i = 0; performance.now() < until; i++) {
		const began = performance.now();
		await new Promise((done) => {
			const q = http.get(`${stack.base}/.well-known/jwks.json`, { agent: i % 4 ? agent : false, timeout: 10000 }, (r) => {
				r.resume();
				r.on('end', () => {
					if (r.statusCode !== 200)
						failures.push(r.statusCode);
					done();
				});
			});
			q.on('timeout', () => q.destroy(new Error('silence')));
			q.on('error', (err) => {
				failures.push(err.message);
				done();
			});
		});
		times.push(performance.now() - began);
		await sleep(4);
	}
	agent.destroy();
	times.sort((a, b) => a - b);
	return { p50: times[times.length >> 1], p99: times[Math.floor(times.length * 0.99)], n: times.length, failures };
}

function slowhttptest(...args) {
	const child = spawn('slowhttptest', ['-c', String(slow), '-r', '1000', '-l', String(seconds), '-v', '0', ...args], { stdio: 'ignore' });
	const ended = new Promise((done) => child.on('exit', done));
	return async () => {
		child.kill('SIGINT');
		await ended;
	};
}

// In a process of its own: what it costs the client is not the probe's.
async function idleHandshakes(toPort, count) {
	const open = () => {
		const s = net.connect(toPort, '127.0.0.1', () => s.write(Buffer.from('1603010200', 'hex'))); // a record's head, and no more
		s.on('error', () => {});
		s.on('close', () => setTimeout(open, 100));
	};
	for (let i = 0; i < count; i++) {
		open();
		if (i % 40 === 0)
			await sleep(40);
	}
}

function startHandshakes() {
	const child = spawn(process.execPath, [process.argv[1], 'handshakes', tlsPort, slow]);
	return () => child.kill('SIGKILL');
}

const attacks = {
	'slow heads': () => slowhttptest('-H', '-i', '2', '-u', `http://127.0.0.1:${port}/user/me`),
	'slow bodies': () => slowhttptest('-B', '-i', '2', '-s', '8000', '-t', 'POST', '-u', `http://127.0.0.1:${port}/webhook/stripe`),
	'slow readers': () => slowhttptest('-X', '-k', '8', '-w', '128', '-y', '256', '-n', '3', '-z', '16', '-u', `http://127.0.0.1:${port}/openapi.yaml`),
	'idle handshakes': startHandshakes,
};

let bad = 0;
function report(name, r, limit) {
	const ok = r.failures.length === 0 && r.p99 <= limit;
	bad += !ok;
	console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${String(r.n).padStart(5)} requests, ${r.failures.length} failed   p50 ${r.p50.toFixed(2)} ms   p99 ${r.p99.toFixed(2)} ms`);
}
try {
	await probe(1000);
	const quiet = await probe(seconds * 1000);
	report('quiet', quiet, Infinity);
	for (const [name, start] of Object.entries(attacks)) {
		const stop = await start();
		await sleep(4500); // until all of them are connected
		report(name, await probe((seconds - 5) * 1000), 2 * Math.max(quiet.p99, floorMs));
		await stop();
		await sleep(1500);
	}
} finally {
	await stack.stop();
	await rm(dir, { recursive: true });
}
process.exit(bad ? 1 : 0);
