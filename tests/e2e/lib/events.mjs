// Server-sent events as a client by fetch reads them, and what one puts together of them.

// Events of a response, as they come.
export async function* events(response) {
	const decoder = new TextDecoder();
	let text = '';
	for await (const bytes of response.body) {
		text += decoder.decode(bytes, { stream: true });
		for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
			const ev = { event: 'message', data: '' };
			for (const line of text.slice(0, end).split('\n')) {
				const at = line.indexOf(':');
				if (at > 0)
					ev[line.slice(0, at)] = line.slice(at + 2);
			}
			if (ev.data)
				yield { ...ev, data: JSON.parse(ev.data) };
		}
	}
}

// What a client has of each reply, by id: { text, end, started }.
export function teller() {
	const replies = new Map();
	return {
		replies,
		take(ev) {
			const r = replies.get(ev.data.id) ?? { text: '', started: 0, ends: 0 };
			replies.set(ev.data.id, r);
			if (ev.event === 'reply.started') {
				r.text = '';
				r.end = undefined;
				r.started++;
			} else if (ev.event === 'reply.delta') {
				r.text += ev.data.text;
			} else {
				r.end = ev.event;
				r.ends++;
			}
		},
		ended: (ids) => ids.every((id) => replies.get(id)?.end),
	};
}
