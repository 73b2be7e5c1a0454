// Clients that keep their connections and never forgive: every request that is not answered whole counts.
import http from 'node:http';
import https from 'node:https';

// `connections` clients ask for `path` one request after the other until stop(); { requests, failures }.
export function startLoad({ base, path, headers = {}, connections, pauseMs = 0, options = {} }) {
	const url = new URL(path, base);
	const { request, Agent } = url.protocol === 'https:' ? https : http;
	const agent = new Agent({ keepAlive: true, maxSockets: connections, ...options });
	const out = { requests: 0, closes: 0, failures: [] };
	let stopped = false;

	const ask = () => new Promise((resolve) => {
		const fail = (why) => {
			out.failures.push(why);
			resolve();
		};
		const q = request(url, { agent, headers }, (r) => {
			let length = 0;
			r.on('data', (bytes) => { length += bytes.length; });
			r.on('error', (err) => fail(`answer: ${err.code ?? err.message}`));
			r.on('end', () => {
				out.requests++;
				if (r.headers.connection === 'close')
					out.closes++;
				if (r.statusCode !== 200 || !r.complete || length === 0)
					fail(`status ${r.statusCode}`);
				else
					resolve();
			});
		});
		q.on('error', (err) => fail(`${q.reusedSocket ? 'kept' : 'new'} connection: ${err.code ?? err.message}`));
		q.end();
	});
	const clients = Array.from({ length: connections }, async () => {
		while (!stopped) {
			await ask();
			if (pauseMs)
				await new Promise((r) => setTimeout(r, Math.random() * 2 * pauseMs));
		}
	});
	return {
		out,
		async stop() {
			stopped = true;
			await Promise.all(clients);
			agent.destroy();
			return out;
		},
	};
}
