// SIGUSR2 with a program that is no good: the old one goes on, says why, and takes the next good one.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gatewayBinary, startGatewayFor } from './lib/gateway.mjs';
import { startLoad } from './lib/load.mjs';
import { freePort, run, sleep, until } from './lib/stack.mjs';

let dir;
before(async () => { dir = await mkdtemp(join(tmpdir(), 'castor-program-')); });
after(() => rm(dir, { recursive: true }));

// In the program's place: a script, which is the real one where it says so.
async function put(program, script, mode = 0o755) {
	await writeFile(`${program}.new`, `#!/bin/bash\nreal() { exec -a ${program} ${gatewayBinary} "$@"; }\n${script}\n`);
	await chmod(`${program}.new`, mode);
	await rename(`${program}.new`, program);
}
const good = 'unset LD_PRELOAD; real "$@"';

async function start(t, settings) {
	const program = join(dir, `${t.name.replace(/\W+/g, '-').slice(0, 40)}`);
	await put(program, good);
	const gateway = await startGatewayFor(t, settings, { program });
	return { gateway, program };
}
const refusals = async (gateway) => (await gateway.log()).match(/"event":"(program|reload)-refused".*"why":"[^"]*"/g) ?? [];
const givenUp = (gateway) => gateway.metric('gateway_changes_total{result="given up"}');

// A change that must be refused for that reason, while the workers that were there serve on.
async function isRefused(gateway, signal, why) {
	const workers = gateway.workers(), failures = await givenUp(gateway), n = (await refusals(gateway)).length;
	process.kill(gateway.pid, signal);
	await until(`refused: ${why}`, async () => (await refusals(gateway)).length > n);
	assert.match((await refusals(gateway)).at(-1), why);
	assert.equal(await givenUp(gateway), failures + 1);
	assert.deepEqual(gateway.workers(), workers);
}

test('a program that cannot be executed, or is not what it should be', { timeout: 60_000 }, async (t) => {
	const { gateway, program } = await start(t);
	const load = startLoad({ base: gateway.base, path: '/.well-known/jwks.json', connections: 4, pauseMs: 5 });
	try {
		await rm(program);
		await isRefused(gateway, 'SIGUSR2', /cannot be executed: No such file/);
		await put(program, good, 0o644);
		await isRefused(gateway, 'SIGUSR2', /cannot be executed: Permission denied/);
		await put(program, 'kill -SEGV $$');
		await isRefused(gateway, 'SIGUSR2', /ended by signal 11/);
		await put(program, 'exit 3');
		await isRefused(gateway, 'SIGUSR2', /ended with code 3/);
		await put(program, 'exit 0'); // as a gateway that knows nothing of a handover, or not of this one
		await isRefused(gateway, 'SIGUSR2', /does not understand/);
		await put(program, 'CASTOR_HANDED_OVER=${CASTOR_HANDED_OVER/format 1/format 2}; real "$@"');
		await isRefused(gateway, 'SIGUSR2', /ended with code 1/);
		await put(program, good);
		await gateway.change('SIGUSR2');
		assert.equal(gateway.workers().length >= 2, true);
	} finally {
		await load.stop();
	}
	assert.deepEqual(load.out.failures, []);
	assert.ok(load.out.requests > 50);
});

test('settings that are wrong, an address that is taken', { timeout: 60_000 }, async (t) => {
	const head = join(dir, 'head_ms'), tls = join(dir, 'tls');
	const first = await freePort(), port = await freePort();
	await writeFile(head, '10000');
	await writeFile(tls, `127.0.0.1:${first}`);
	await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=a',
		'-keyout', join(dir, 'key'), '-out', join(dir, 'pem')]);
	const { gateway } = await start(t, {
		GATEWAY_HEAD_MS_FILE: head, GATEWAY_TLS_LISTEN_FILE: tls, GATEWAY_TLS_CERT: join(dir, 'pem'), GATEWAY_TLS_KEY: join(dir, 'key'),
	});
	await writeFile(head, 'soon');
	await isRefused(gateway, 'SIGHUP', /GATEWAY_HEAD_MS/);
	await isRefused(gateway, 'SIGUSR2', /ended with code 2/);
	await writeFile(head, '10000');

	const taken = createServer().listen(port, '127.0.0.1');
	await once(taken, 'listening');
	await writeFile(tls, `127.0.0.1:${port}`);
	await isRefused(gateway, 'SIGUSR2', /ended with code 1/);
	const failures = await givenUp(gateway);
	process.kill(gateway.pid, 'SIGHUP');
	await until('refused', async () => (await givenUp(gateway)) === failures + 1);
	assert.match(await gateway.log(), new RegExp(`"listen-failed","address":"127.0.0.1:${port}"`));
	const started = await gateway.said('started');
	process.kill(gateway.workers()[0], 'SIGKILL'); // the master still has the sockets for another
	await until('it is replaced', async () => (await gateway.said('started')) > started);
	assert.equal(await gateway.said('start-failed'), 0);
	taken.close();
	await once(taken, 'close');

	await gateway.change('SIGHUP');
	await gateway.change('SIGUSR2');
	const answers = (at) => run('curl', ['-sk', `https://127.0.0.1:${at}/`]).then((text) => text.length > 0, () => false);
	assert.ok(await answers(port), 'it serves there now');
	await until('and not where it did', async () => !await answers(first));
});

test('a program whose workers die at the start: those of the old one stay', { timeout: 60_000 }, async (t) => {
	const { gateway, program } = await start(t);
	const library = join(dir, 'dies.so');
	await writeFile(join(dir, 'dies.c'), '#include <stdlib.h>\nint uv_loop_init(void *loop) { (void)loop; abort(); }\n');
	await run(process.env.CC ?? 'cc', ['-shared', '-fPIC', '-o', library, join(dir, 'dies.c')]);
	const workers = gateway.workers();
	await put(program, `[ $# != 0 ] || export LD_PRELOAD=${library} ASAN_OPTIONS=verify_asan_link_order=0\nreal "$@"`);
	process.kill(gateway.pid, 'SIGUSR2');
	await until('it gives up', () => gateway.said('workers-not-ready'));
	await until('they are gone', () => gateway.workers().every((pid) => workers.includes(pid)));
	assert.deepEqual(gateway.workers(), workers);
	assert.equal((await fetch(`${gateway.base}/.well-known/jwks.json`)).status, 200);
	await put(program, good);
	await gateway.change('SIGUSR2');
	await until('the first ones go', () => !gateway.workers().some((pid) => workers.includes(pid)));
	assert.equal(gateway.workers().length, 2);
});

test('one that does not end its trial is not waited for when the gateway is to end', { timeout: 60_000 }, async (t) => {
	const { gateway, program } = await start(t);
	await put(program, `echo $$ > ${dir}/trial; exec sleep 1000`);
	process.kill(gateway.pid, 'SIGUSR2');
	const pid = Number(await until('it is tried', () => run('cat', [join(dir, 'trial')]).catch(() => '')));
	process.kill(gateway.pid, 'SIGTERM');
	await until('it has ended', () => gateway.ended());
	await sleep(50);
	assert.throws(() => process.kill(pid, 0), /ESRCH/);
	assert.ok(!await gateway.said('workers-not-ready'));
});
