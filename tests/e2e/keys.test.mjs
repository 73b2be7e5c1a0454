// Token keys change while everybody works: two are good at once, SIGHUP reads them, no request fails.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SignJWT, calculateJwkThumbprint, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { startGateway, startRaw } from './lib/gateway.mjs';
import { startLoad } from './lib/load.mjs';
import { sleep, until } from './lib/stack.mjs';

let dir, file, yes, gateway, old, next;

// Signs as auth does; by jose, so that both sides are judged.
async function makeKey() {
	const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
	const kid = (await calculateJwkThumbprint(await exportJWK(publicKey))).slice(0, 16);
	return {
		pem: await exportSPKI(publicKey),
		token: () => new SignJWT({ sid: randomUUID(), auth_time: Math.floor(Date.now() / 1000) })
			.setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' }).setIssuer('castor').setAudience('castor').setSubject(randomUUID())
			.setJti(randomUUID()).setIssuedAt().setNotBefore('0s').setExpirationTime('10m').sign(privateKey),
	};
}

before(async () => {
	dir = await mkdtemp(join(tmpdir(), 'castor-keys-'));
	file = join(dir, 'jwt.pub');
	[old, next] = [await makeKey(), await makeKey()];
	await writeFile(file, `${old.pem}\n`);
	yes = await startRaw((s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
	gateway = await startGateway({ AUTH_URL: yes.url, CHAT_URL: yes.url, BILLING_URL: yes.url, GATEWAY_WORKERS: '2', JWT_PUBLIC_KEY_FILE: file, ACCESS_LOG: 'off' });
});
after(async () => {
	assert.equal(await gateway?.stop(), 0);
	await yes?.stop();
	await rm(dir, { recursive: true });
});

const status = async (key) => (await fetch(`${gateway.base}/user/me`, { headers: { authorization: `Bearer ${await key.token()}`, connection: 'close' } })).status;
const load = async (key) => startLoad({ base: gateway.base, path: '/user/me', connections: 20, pauseMs: 10, headers: { authorization: `Bearer ${await key.token()}` } });

async function reloadWith(text, event) {
	const count = async () => (await gateway.log()).split(`"${event}"`).length;
	const before = await count();
	await writeFile(file, text);
	process.kill(gateway.pid, 'SIGHUP');
	await until(event, async () => (await count()) > before);
}

test('the next key comes beside the old one, the old one goes, nobody notices', { timeout: 60_000 }, async () => {
	assert.deepEqual([await status(old), await status(next)], [200, 401]);
	const before = await load(old);
	try {
		await sleep(300);
		await reloadWith('no key at all\n', 'reload-refused'); // nothing changes
		assert.deepEqual([await status(old), await status(next)], [200, 401]);

		await reloadWith(`${old.pem}\n${next.pem}\n`, 'workers-ready');
		assert.deepEqual([await status(old), await status(next)], [200, 200]);
		const then = await load(next); // auth signs with the next one now
		try {
			await sleep(500);
			await before.stop(); // and the old one's tokens expire
			await reloadWith(`${next.pem}\n`, 'workers-ready');
			await sleep(500);
			assert.deepEqual([await status(old), await status(next)], [401, 200]);
		} finally {
			await then.stop();
		}
		assert.deepEqual(then.out.failures, []);
		assert.ok(then.out.requests > 100 && then.out.closes > 0, `${then.out.requests} requests, ${then.out.closes} moved`);
	} finally {
		await before.stop();
	}
	assert.deepEqual(before.out.failures, []);
	assert.ok(before.out.requests > 100 && before.out.closes > 0, `${before.out.requests} requests, ${before.out.closes} moved`);
});
