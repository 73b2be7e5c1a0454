// A whole Castor in several copies. scripts/stack.sh runs (and starts again) Postgres, Redis and the simulators; auth,
// chat, billing, ai-worker and gateway are ours, so that their pids, addresses and restarts are in our hands.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startStack } from '../../e2e/lib/stack.mjs';
import { Proc, StackProc, backends, port, signal, sleep, stat } from './proc.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const bin = join(resolve(root, process.env.CASTOR_BUILD || process.env.BUILD || 'build'), 'bin');
const ours = ['auth', 'chat', 'billing', 'ai-worker', 'gateway'];

// Large limits: what is judged here is not how many messages a day has.
const plenty = {
	BASIC_DAILY_MESSAGES: '1000000', PRO_DAILY_MESSAGES: '1000000', BASIC_DAILY_TOKENS: '0', PRO_DAILY_TOKENS: '0',
	BASIC_CONCURRENT: '64', PRO_CONCURRENT: '64', ACCESS_TOKEN_S: '3600', ACCESS_LOG: 'false',
};

export class Cluster {
	// copies: how many of chat, ai-worker, gateway; settings: as in .env; env: changes a process's environment
	static async start({ copies = {}, settings = {}, env = (_name, e) => e } = {}) {
		const c = new Cluster();
		c.settings = { ...plenty, ...settings };
		const front = await port();
		c.stack = await startStack({ ...c.settings, PORT: String(front), STACK_WITHOUT: ours.join(' ') });
		c.procs = [];
		c.redis = new StackProc('redis', c.stack.dir);
		c.postgres = new StackProc('postgres', c.stack.dir);
		c.#endWithUs();
		try {
			await c.#startOurs(copies, front, env);
		} catch (e) {
			await c.stop().catch(() => {});
			throw e;
		}
		return c;
	}

	// Out of time, or Ctrl-C: nothing of it stays behind. Our own processes end with us anyway.
	#endWithUs() {
		for (const sig of ['SIGTERM', 'SIGINT']) {
			process.once(sig, () => {
				this.resume();
				spawnSync('scripts/stack.sh', ['down'], { cwd: root, env: { ...process.env, RUN_DIR: this.stack.dir } });
				process.exit(1);
			});
		}
	}

	async #startOurs(copies, front, change) {
		const { stack } = this;
		const listen = {};
		for (const kind of ours)
			listen[kind] = await Promise.all(Array.from({ length: copies[kind] ?? 1 }, port));
		listen.gateway[0] = front;
		for (const kind of ours) {
			for (const [i, n] of listen[kind].entries()) {
				const name = listen[kind].length > 1 ? `${kind}-${i + 1}` : kind;
				const env = await change(name, await this.#envOf(kind, n, listen));
				this.procs.push(new Proc(name, kind, [join(bin, kind)], env, join(stack.dir, 'log', `${name}.log`)));
			}
		}
		for (const p of this.procs)
			p.start();
		await this.untilReady();
		this.bases = listen.gateway.map((n) => `http://127.0.0.1:${n}`);
		this.base = this.bases[0];
	}

	// What scripts/stack/settings.sh decides for a process, for copies of it.
	async #envOf(kind, listenPort, listen) {
		const { dir, env } = this.stack;
		const url = (k) => listen[k].map((n) => `http://127.0.0.1:${n}`).join(',');
		const secret = (name) => readFileSync(`${dir}/secrets/${name}`, 'utf8').trim();
		const known = {
			PATH: process.env.PATH, CASTOR_ENV: env.CASTOR_ENV, REDIS_URL: env.REDIS_URL,
			LISTEN: `127.0.0.1:${listenPort}`, ADMIN_LISTEN: `127.0.0.1:${await port()}`,
			PUBLIC_URL: url('gateway').split(',')[0], JWT_PUBLIC_KEY_FILE: `${dir}/secrets/jwt.pub`,
			...this.settings,
		};
		const role = env[`${kind.toUpperCase().replace('-', '_')}_DATABASE_URL`];
		if (role)
			known.DATABASE_URL = role;
		if (kind === 'auth')
			Object.assign(known, { SECRET_KEY: secret('secret-key'), JWT_PRIVATE_KEY_FILE: `${dir}/secrets/jwt.key` });
		if (kind === 'billing')
			Object.assign(known, { STRIPE_BASE_URL: env.STRIPE_BASE_URL, STRIPE_SECRET_KEY: 'sk_test_simulator',
				STRIPE_WEBHOOK_SECRET: env.STRIPE_WEBHOOK_SECRET, STRIPE_PRICE_PRO: 'price_pro' });
		if (kind === 'ai-worker')
			Object.assign(known, { GEMINI_BASE_URL: env.GEMINI_BASE_URL, GEMINI_API_KEY: 'simulator' });
		if (kind === 'gateway')
			Object.assign(known, { AUTH_URL: url('auth'), CHAT_URL: url('chat'), BILLING_URL: url('billing') });
		return known;
	}

	all(kind) {
		return this.procs.filter((p) => p.kind === kind);
	}

	one(name) {
		return this.procs.find((p) => p.name === name) ?? { redis: this.redis, postgres: this.postgres }[name];
	}

	// Of those who serve a client, now.
	backends() {
		return backends(this.postgres.pid);
	}

	// Whatever was stopped goes on.
	resume() {
		const stopped = [...this.procs, this.redis, this.postgres].map((p) => p.pid).concat(this.backends().map((b) => b.pid));
		for (const pid of stopped)
			if (pid && stat(pid)?.state === 'T')
				signal(pid, 'SIGCONT');
	}

	async untilReady() {
		for (const p of this.procs)
			await p.untilReady();
	}

	// Everybody back and ready, Postgres and Redis, too.
	async heal() {
		this.resume();
		await this.untilReady();
		await this.psql('select 1');
	}

	// Tried again while Postgres is away.
	async psql(sql, tries = 100) {
		for (;;) {
			try {
				return await this.stack.psql(sql);
			} catch (e) {
				if (--tries <= 0 || !/could not connect|connection to server|starting up|shutting down|recovery mode|not yet accepting|server closed/.test(e.message))
					throw e;
				await sleep(200);
			}
		}
	}

	// One JavaScript value per row.
	async rows(select) {
		const text = await this.psql(`select row_to_json(r) from (${select}) r`);
		return text ? text.split('\n').map((line) => JSON.parse(line)) : [];
	}

	async modelStats() {
		return (await fetch(`${this.stack.env.GEMINI_BASE_URL}/__stats`)).json();
	}

	async stop() {
		const unclean = [];
		this.resume();
		for (const p of [...this.procs].reverse()) {
			const how = await p.end();
			if (how !== 0)
				unclean.push(`${p.name}: ${how}`);
			if (p.crashes.length)
				unclean.push(`${p.name} crashed by itself: ${p.crashes}`);
		}
		await this.stack.stop();
		if (unclean.length)
			throw new Error(`did not end well: ${unclean.join(', ')} (logs: ${this.stack.dir}/log)`);
	}
}
