// Clients that speak HTTP byte by byte, and never forgive: bodies that come in two halves, requests that do not wait for answers.
import net from 'node:net';
import tls from 'node:tls';
import { newMobile } from './client.mjs';
import { Talk } from './raw_http.mjs';
import { sleep } from './stack.mjs';

const connect = (base) => {
	const { protocol, port } = new URL(base);
	return new Talk(protocol === 'https:'
		? tls.connect({ host: '127.0.0.1', port, servername: 'a.test', rejectUnauthorized: false })
		: net.connect(port, '127.0.0.1'));
};
const closes = (answer) => /\r\nConnection: close/i.test(answer.head);

// `connections` clients run `turn(talk, out)` again and again, until stop(); it says whether the connection goes on.
function start({ base, connections }, turn) {
	const out = { requests: 0, closes: 0, failures: [] };
	let stopped = false;
	const clients = Array.from({ length: connections }, async () => {
		let talk = null;
		while (!stopped) {
			talk ??= connect(base);
			if (await turn(talk, out))
				continue;
			out.closes++;
			if (!await talk.ended() || talk.error)
				out.failures.push(`the end: ${talk.error ?? 'none'}`);
			talk.end();
			talk = null;
		}
		talk?.end();
	});
	return {
		out,
		async stop() {
			stopped = true;
			await Promise.all(clients);
			return out;
		},
	};
}

function judge(answer, wanted, talk, out) {
	out.requests++;
	if (answer?.status !== wanted)
		out.failures.push(`answer: ${answer?.status ?? talk.error ?? 'none'}`);
	return Boolean(answer) && !closes(answer);
}

// POSTs of which the second half comes up to `pauseMs` after the first; every second one chunked.
export const startPosts = ({ pauseMs, ...options }) => start(options, async (talk, out) => {
	const body = JSON.stringify({ mobile: newMobile() }).padEnd(2000);
	const chunked = Math.random() < 0.5;
	const bytes = chunked ? `7d0\r\n${body}\r\n0\r\n\r\n` : body;
	talk.say(`POST /auth/signup HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n${
		chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`}\r\n\r\n${bytes.slice(0, 1000)}`);
	await sleep(Math.random() * pauseMs);
	talk.say(bytes.slice(1000));
	return judge(await talk.answer(), 200, talk, out);
});

// Eight requests at once. What stands behind an answer that ends the connection was not served, and is asked again.
export const startPipelines = (options) => start(options, async (talk, out) => {
	talk.say('GET /.well-known/jwks.json HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(8));
	for (let i = 0; i < 8; i++) {
		if (!judge(await talk.answer(), 200, talk, out))
			return false;
	}
	return true;
});
