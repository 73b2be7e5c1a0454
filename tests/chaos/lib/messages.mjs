// Messages of many shapes, each with what its reply may be. The simulator says a prompt back (`echo`), and every text is
// like no other: a reply that is another's, half, doubled or mixed is told by comparing.
const words = ('river stone lamp över Zürich café नमस्ते 世界 🙂 window paper seven green slowly never '
	+ 'almost copper kitchen Привет harbour answer twelve candle').split(' ');

export function filler(lots, bytes) {
	let text = '';
	while (Buffer.byteLength(text) < bytes)
		text += `${lots.pick(words)}${lots.int(0, 999)} `;
	return text.trim();
}

// [weight, name, directives, the states its reply may end in]. "failed" is honest wherever the model must be called more than
// WORKER_ATTEMPTS times, as every death of a worker counts as one.
const shapes = [
	[30, 'plain', () => '', ['complete']],
	[25, 'slow', (l) => `delay=${l.int(0, 800)} chunks=${l.int(2, 12)} chunk_delay=${l.int(5, 60)}`, ['complete']],
	[10, 'long', (l) => `chunks=${l.int(10, 40)} chunk_delay=${l.int(20, 100)}`, ['complete']],
	[8, 'busy', (l) => `fail_times=${l.int(1, 2)} status=503`, ['complete']],
	[5, 'limited', () => 'fail_times=1 status=429 retry=1', ['complete']],
	[5, 'broken', (l) => `fail_times=${l.int(1, 2)} status=500`, ['complete']],
	[4, 'refused', () => 'status=400', ['failed']],
	[3, 'blocked', () => 'block=SAFETY', ['blocked']],
	[5, 'cut', (l) => `cut_after=${l.int(1, 4)} chunks=6 chunk_delay=${l.int(0, 30)}`, ['incomplete']],
	// Silence for ever: somebody stops it.
	[5, 'hung', (l) => `hang_after=${l.int(1, 3)} chunks=6 chunk_delay=10`, ['stopped', 'incomplete']],
];

export function message(lots, tag) {
	const shape = lots.weighted(shapes.map((s) => [s[0], s]));
	const [, name, directives, states] = shape;
	const text = `#${tag} ${filler(lots, name === 'long' ? lots.int(1500, 4000) : lots.int(40, 600))}`;
	const asks = directives(lots);
	return { tag, shape: name, states, text, content: `${text} [[echo${asks && ` ${asks}`}]]`, wantsStop: name === 'hung' };
}

// Which message a stored text belongs to.
export const tagOf = (content) => /^#(\S+) /.exec(content)?.[1];

// Why a stored reply is not what this message's reply may be; nothing, if it may.
export function wrongReply(op, reply) {
	const { state, content } = reply;
	if (![...op.states, 'failed'].includes(state))
		return `ended as ${state}, may be ${op.states.join(' or ')}`;
	if (state === 'complete' && content !== op.text)
		return 'its text is not the one whole answer';
	if (['incomplete', 'stopped'].includes(state) && !op.text.startsWith(content))
		return 'its text is not how the answer begins';
	if (['failed', 'blocked'].includes(state) && content !== '')
		return 'it has a text although there was no answer';
	return undefined;
}
