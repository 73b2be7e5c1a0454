// HTTP as bytes: cases from a data file, connections that say exactly what they are told, and answers read back.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const data = join(dirname(fileURLToPath(import.meta.url)), '../data');

const BEGIN = {
	$G: 'GET /.well-known/jwks.json HTTP/1.1\\r\\nHost: a\\r\\n',
	$P: 'POST /auth/signup HTTP/1.1\\r\\nHost: a\\r\\nContent-Type: application/json\\r\\n',
	$W: 'POST /webhook/stripe HTTP/1.1\\r\\nHost: a\\r\\nContent-Type: application/json\\r\\n',
	$E: '\\r\\n',
};
const NAMED = { r: 13, n: 10, t: 9, 0: 0, '\\': 92 };

function repeat(text) {
	for (let last = null; last !== text;) {
		last = text;
		text = text.replace(/\{(\d+)\*([^{}]*)\}/g, (_, n, what) => what.repeat(Number(n)));
	}
	return text;
}

export function bytes(text) {
	const plain = repeat(text).replace(/\$[GPWE]/g, (m) => BEGIN[m]);
	const out = Buffer.alloc(plain.length);
	let n = 0;
	for (let i = 0; i < plain.length; i++) {
		if (plain[i] !== '\\')
			out[n++] = plain.charCodeAt(i);
		else if (plain[++i] === 'x')
			out[n++] = parseInt(plain.slice(i + 1, (i += 2) + 1), 16);
		else if (plain[i] !== 'e') // \e: nothing
			out[n++] = NAMED[plain[i]];
	}
	return out.subarray(0, n);
}

// "POST /path body; ...": what the service must see, one request after the other.
function readSeen(text) {
	return text?.split('; ').map((one) => {
		const [, line, body] = /^(\S+ \S+)(?: (.*))?$/.exec(one);
		return { line: `${line} HTTP/1.1`, body: bytes(body ?? '').toString('latin1') };
	});
}

// [{ name, statuses, end, sees, bytes }] of a file in tests/e2e/data.
export function readCases(file) {
	const lines = readFileSync(join(data, file), 'utf8').split('\n').filter((l) => l && !l.startsWith('# ') && !l.startsWith('#  ') && l !== '#');
	const cases = [];
	for (let i = 0; i < lines.length; i += 2) {
		const [, expected, name, sees] = /^(.*?) \| (.*?)(?: => (.*))?$/.exec(lines[i]);
		const words = repeat(expected).trim().split(/\s+/), end = words.length > 1 ? words.pop() : '-';
		cases.push({ name, statuses: words, end, sees: readSeen(sees), bytes: bytes(lines[i + 1]) });
	}
	return cases;
}

// One whole answer at the start of `got`, or null: { status, head, body, size }.
function readAnswer(got, headOnly) {
	const end = got.indexOf('\r\n\r\n');
	if (end < 0)
		return null;
	const head = got.subarray(0, end).toString('latin1');
	const status = Number(head.slice(9, 12));
	const length = /\r\nContent-Length: (\d+)/i.exec(head);
	if (headOnly || status < 200 || status === 204 || status === 304)
		return { status, head, body: '', size: end + 4 };
	if (length)
		return got.length < end + 4 + Number(length[1]) ? null
			: { status, head, body: got.subarray(end + 4, end + 4 + Number(length[1])).toString('latin1'), size: end + 4 + Number(length[1]) };
	const last = got.indexOf('0\r\n\r\n', end + 4);
	return last < 0 ? null : { status, head, body: got.subarray(end + 4, last).toString('latin1'), size: last + 5 };
}

// Every write in pieces of the sizes that `size` gives, one after the other.
async function writeSplit(socket, what, size) {
	for (let at = 0; at < what.length && socket.writable;) {
		const n = size();
		await new Promise((r) => socket.write(what.subarray(at, at + n), r));
		at += n;
		await new Promise((r) => setImmediate(r));
	}
}

// A socket under TLS whose records are cut on the wire.
class Sliced extends Duplex {
	constructor(socket, size) {
		super();
		this.socket = socket;
		this.size = size;
		socket.on('data', (more) => this.push(more));
		socket.on('end', () => this.push(null));
		socket.on('error', (err) => this.destroy(err));
	}
	_read() {}
	_write(what, encoding, done) {
		writeSplit(this.socket, what, this.size).then(() => done(), done);
	}
	_final(done) {
		this.socket.end(done);
	}
	_destroy(err, done) {
		this.socket.destroy();
		done(err);
	}
}

// A connection that says exactly what it is told: say, answer, ended.
export class Talk {
	constructor(socket) {
		this.socket = socket;
		this.got = Buffer.alloc(0);
		this.closed = false; // nothing more will come
		this.clean = false; // and it was not cut
		this.error = null; // why it was cut; null: it was not
		this.wake = () => {};
		socket.setNoDelay?.(true);
		socket.on('error', (err) => { this.error = err.code ?? err.message; });
		socket.on('data', (more) => {
			this.got = this.got.length ? Buffer.concat([this.got, more]) : more;
			this.wake();
		});
		socket.on('end', () => {
			this.clean = !this.closed;
		});
		for (const event of ['end', 'error', 'close'])
			socket.on(event, () => {
				this.closed = true;
				this.wake();
			});
	}
	static plain(port) {
		return new Talk(connect(port, '127.0.0.1'));
	}
	// sliced: a function that gives the sizes of the pieces in which the records leave.
	static tls(port, sliced) {
		const socket = sliced && new Sliced(connect(port, '127.0.0.1').setNoDelay(true), sliced);
		return new Talk(tls.connect({ host: '127.0.0.1', port, socket, rejectUnauthorized: false }));
	}
	say(what) {
		if (!this.closed)
			this.socket.write(what);
	}
	// In pieces of the sizes that `size` gives, each a write (by TLS: a record) of its own.
	saySplit(what, size) {
		return writeSplit(this.socket, what, size);
	}
	async until(test, ms) {
		let late = false, result;
		const deadline = setTimeout(() => {
			late = true;
			this.wake();
		}, ms);
		while (!(result = test()) && !late)
			await new Promise((r) => (this.wake = r));
		clearTimeout(deadline);
		return result;
	}
	// The next whole answer; null if the connection ended, or 5 s passed, without one.
	async answer(headOnly = false) {
		const found = await this.until(() => readAnswer(this.got, headOnly) ?? (this.closed ? 'none' : null), 5000);
		if (!found || found === 'none')
			return null;
		this.got = this.got.subarray(found.size);
		return found;
	}
	async ended() {
		return Boolean(await this.until(() => this.closed, 5000));
	}
	end() {
		this.socket.destroy();
	}
}
