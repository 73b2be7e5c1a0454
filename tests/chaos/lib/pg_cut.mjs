// Stands between a process and Postgres. Armed, it lets the next statement of a name through and then loses what came of it: the
// server has (or may have) committed, and the process never hears of it.
import { connect, createServer } from 'node:net';

export async function pgCut(databaseUrl) {
	const target = new URL(databaseUrl);
	let armed; // { name, keepAnswer, fired, lost }
	const pairs = new Set();
	const server = createServer((client) => {
		const upstream = connect(Number(target.port), target.hostname);
		const pair = { client, upstream, doomed: undefined };
		pairs.add(pair);
		const end = () => {
			pairs.delete(pair);
			client.destroy();
			upstream.destroy();
		};
		client.on('data', (bytes) => {
			// The name stands in the message that executes a prepared statement, and in the text of one that prepares it.
			if (armed && !armed.fired && bytes.includes(armed.name)) {
				pair.doomed = armed;
				armed.fired = true;
			}
			upstream.write(bytes, () => {
				if (pair.doomed?.how === 'sent')
					setTimeout(end, 1); // committed or not: nobody knows
			});
		});
		upstream.on('data', (bytes) => {
			if (!pair.doomed) {
				client.write(bytes);
				return;
			}
			pair.doomed.lost += bytes.length;
			pair.tail = Buffer.concat([pair.tail ?? Buffer.alloc(0), bytes]).subarray(-6);
			// ReadyForQuery, idle: everything before it has been committed. A pipelined session may still be answering.
			if (pair.tail.length === 6 && pair.tail.equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49])))
				end();
		});
		for (const s of [client, upstream]) {
			s.on('error', end);
			s.on('close', end);
		}
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const url = new URL(databaseUrl);
	url.hostname = '127.0.0.1';
	url.port = String(server.address().port);
	return {
		url: url.href,
		// how: 'answered' (the answer came this far and was lost) or 'sent' (cut as soon as the statement was on its way)
		arm: (name, how) => (armed = { name: Buffer.from(name), how, fired: false, lost: 0 }),
		close: () => {
			for (const { client, upstream } of pairs) {
				client.destroy();
				upstream.destroy();
			}
			return new Promise((done) => server.close(done));
		},
	};
}
