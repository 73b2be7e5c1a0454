// Readers of a reply's stream, of two kinds: the EventSource that everybody uses, with a fetch that adds the token, and a reader of our
// own on plain fetch. Both come back with the last id that they were given, through cuts, refusals and silence. Each gives
// { text, end, cuts, events }: what a client has put together, and how the stream said that it ended.
import { createRequire } from 'node:module';

import { sleep } from './proc.mjs';

const { EventSource } = createRequire(new URL('../../e2e/', import.meta.url))('eventsource');
const ends = ['reply.done', 'reply.blocked', 'reply.failed', 'reply.stopped'];

function take(seen, type, data, id) {
	seen.lastId = id || seen.lastId;
	seen.events++;
	if (type === 'reply.started')
		seen.text = '';
	else if (type === 'reply.delta')
		seen.text += JSON.parse(data).text;
	else if (ends.includes(type))
		seen.end = { type, ...JSON.parse(data) };
	else if (type === 'error')
		seen.end = { type, data };
}

function* parse(block) {
	const ev = { type: 'message', data: '', id: '' };
	for (const line of block.split('\n')) {
		const at = line.indexOf(':');
		const value = line.slice(at + 1).replace(/^ /, '');
		if (at <= 0)
			continue; // a comment
		const field = line.slice(0, at);
		if (field === 'event')
			ev.type = value;
		else if (field === 'data')
			ev.data += value;
		else if (field === 'id')
			ev.id = value;
	}
	if (ev.data)
		yield ev;
}

// address: () => the URL of the stream, at some gateway
export async function fetchReader(address, token, { over }) {
	const seen = { kind: 'fetch', text: '', end: undefined, cuts: 0, events: 0, lastId: undefined, refusals: {} };
	while (!seen.end && !over()) {
		const gone = new AbortController();
		// A connection that says nothing (there are keepalives) is given up.
		let watch = setTimeout(() => gone.abort(), 20000);
		try {
			const r = await fetch(address(), { signal: gone.signal, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream',
				...(seen.lastId && { 'last-event-id': seen.lastId }) } });
			if (r.status !== 200) {
				seen.refusals[r.status] = (seen.refusals[r.status] ?? 0) + 1;
				await r.text();
			} else {
				const decoder = new TextDecoder();
				let text = '';
				for await (const bytes of r.body) {
					clearTimeout(watch);
					watch = setTimeout(() => gone.abort(), 20000);
					text += decoder.decode(bytes, { stream: true });
					for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2))
						for (const ev of parse(text.slice(0, at)))
							take(seen, ev.type, ev.data, ev.id);
				}
			}
		} catch {
			// cut: on to the next try
		}
		clearTimeout(watch);
		seen.cuts++;
		if (!seen.end)
			await sleep(100 + Math.random() * 200);
	}
	return seen;
}

// It comes back by itself with its Last-Event-ID after a cut; after a refusal it is closed for good, and one that is opened
// anew says the id in the query.
export async function eventSourceReader(address, token, { over }) {
	const seen = { kind: 'eventsource', text: '', end: undefined, cuts: 0, events: 0, lastId: undefined, refusals: {} };
	while (!seen.end && !over()) {
		await new Promise((closed) => {
			let last = Date.now(), fetched = 0;
			const url = new URL(address());
			if (seen.lastId)
				url.searchParams.set('last_event_id', seen.lastId);
			const es = new EventSource(url, { fetch: (to, init) => {
				fetched++;
				seen.cuts += fetched > 1;
				return fetch(to, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
			} });
			const leave = () => {
				clearInterval(watch);
				es.close();
				closed();
			};
			const watch = setInterval(() => (over() || Date.now() - last > 20000) && leave(), 500);
			for (const type of ['reply.started', 'reply.delta', ...ends]) {
				es.addEventListener(type, (ev) => {
					last = Date.now();
					take(seen, type, ev.data, ev.lastEventId);
					if (seen.end)
						leave();
				});
			}
			es.addEventListener('error', (ev) => {
				if (ev.code)
					seen.refusals[ev.code] = (seen.refusals[ev.code] ?? 0) + 1;
				if (es.readyState === EventSource.CLOSED)
					leave();
			});
		});
		if (!seen.end)
			await sleep(100 + Math.random() * 200);
	}
	return seen;
}
