// A client as users write them: fetch and JSON.
import assert from 'node:assert/strict';

export function client(base, token) {
	async function call(method, path, body, headers = {}) {
		const r = await fetch(base + path, {
			method,
			redirect: 'manual',
			headers: {
				...(token && { authorization: `Bearer ${token}` }),
				...(body !== undefined && { 'content-type': 'application/json' }),
				...headers,
			},
			body: body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
		});
		const text = await r.text();
		let json;
		try {
			json = text ? JSON.parse(text) : undefined;
		} catch {
			json = undefined;
		}
		return { status: r.status, headers: r.headers, text, json };
	}
	return {
		call,
		get: (path, headers) => call('GET', path, undefined, headers),
		post: (path, body, headers) => call('POST', path, body, headers),
		as: (t) => client(base, t),
	};
}

let counter = Math.floor(Math.random() * 1e7);
// An Indian mobile number that was not used before in this run.
export function newMobile() {
	counter = (counter + 1) % 1e8;
	return `98${String(counter).padStart(8, '0')}`;
}

// Signs a new user up; returns a client with their token.
export async function signUp(base, mobile = newMobile()) {
	const anyone = client(base);
	const sent = await anyone.post('/auth/signup', { mobile });
	assert.equal(sent.status, 200, sent.text);
	const proved = await anyone.post('/auth/verify-otp', { mobile, otp: sent.json.otp });
	assert.equal(proved.status, 200, proved.text);
	return { ...anyone.as(proved.json.access_token), mobile, tokens: proved.json };
}

// Every error leaves in one shape (RFC 9457).
export function assertProblem(r, status, code) {
	assert.equal(r.status, status, r.text);
	assert.match(r.headers.get('content-type') ?? '', /^application\/problem\+json/);
	assert.equal(r.json.status, status);
	assert.equal(typeof r.json.title, 'string');
	assert.equal(typeof r.json.detail, 'string');
	assert.equal(typeof r.json.request_id, 'string');
	assert.equal(r.headers.get('x-request-id'), r.json.request_id);
	if (code)
		assert.equal(r.json.code, code, r.text);
}
