// The same job by FastAPI + Celery, where its files are at hand (PEERS=<folder>): a full queue is not needed, messages
// are posted and answered at the same time as for Castor.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';

const exec = promisify(execFile);

export async function peers(folder) {
	const cwd = join(folder, 'fastapi'), port = { PEER_PG_PORT: '25432', PEER_REDIS_PORT: '26379', PEER_APP_PORT: '28000', PEER_STUB_PORT: '28080' };
	const env = { ...process.env, ...port, CELERY_OPTS: '-P prefork -c 2', STUB_DELAY_MS: '0', PYTHONDONTWRITEBYTECODE: '1',
		DATABASE_URL: `postgresql://postgres@127.0.0.1:${port.PEER_PG_PORT}/gemini`, REDIS_URL: `redis://127.0.0.1:${port.PEER_REDIS_PORT}/0` };
	const run = async (cmd, ...args) => (await exec(cmd, args, { cwd, env, maxBuffer: 1 << 24 })).stdout;
	try {
		await run('./run.sh', 'start', '1');
		const posts = await run('/usr/bin/python3', 'e2e.py', 'posts', '8', '16', 'posts');
		const latency = await run('/usr/bin/python3', 'e2e.py', 'latency', '200', 'latency');
		const cells = posts.split('|').map((c) => c.trim());
		return {
			rate: Number(cells[4]),
			us: Number(/celery:([\d.]+)/.exec(posts)[1]) * 10,
			p50: Number(/p50 ([\d.]+) ms/.exec(latency)[1]),
		};
	} finally {
		await run('./run.sh', 'stop').catch(() => {});
	}
}
