// The gateway's table, openapi.yaml and the services' own tables say the same; and whoever changes one alone is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { disagreements, readTable } from './lib/routes.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = join(resolve(root, process.env.CASTOR_BUILD || 'build'), 'bin');
const table = (name) => readTable(execFileSync(join(bin, name), ['routes'], { encoding: 'utf8' }));

// Served by a service and meant for others than the gateway's clients: none.
const INNER = {};

const said = {
	gateway: table('gateway'),
	services: { auth: table('auth'), chat: table('chat'), billing: table('billing') },
	api: parse(readFileSync(join(root, 'gateway/openapi.yaml'), 'utf8')),
	inner: INNER,
};

test('the gateway, openapi.yaml and the services agree on every route', () => {
	assert.ok(said.gateway.length > 20 && Object.values(said.services).every((rows) => rows.length > 5), 'all tables were read');
	assert.deepEqual([...disagreements(said)], []);
});

test('a process without routes says that it knows no such command', () => {
	assert.throws(() => execFileSync(join(bin, 'ai-worker'), ['routes'], { stdio: 'pipe' }), /unknown command/);
});

// In a copy, one thing is said differently.
const row = (rows, method, path) => rows.find((r) => r.method === method && r.path === path);
const drop = (rows, method, path) => rows.splice(rows.indexOf(row(rows, method, path)), 1);
const gatewayRow = (c) => row(c.gateway, 'POST', '/chatroom/{id}/message');
const chatRow = (c) => row(c.services.chat, 'POST', '/chatroom/{id}/message');
const operation = (c) => c.api.paths['/chatroom/{id}/message'].post;

const LIES = [
	['a route that openapi.yaml does not describe', (c) => delete c.api.paths['/usage'], /^GET \/usage: not in openapi/],
	['a method that openapi.yaml does not describe', (c) => delete c.api.paths['/chatroom'].post, /^POST \/chatroom: not in openapi/],
	['a route that the gateway does not publish', (c) => drop(c.gateway, 'GET', '/usage'), /^GET \/usage: in openapi.yaml, and/, /^GET \/usage: served by chat, and neither/],
	['a route that the service does not serve', (c) => drop(c.services.chat, 'GET', '/usage'), /^GET \/usage: the gateway sends it to chat, which/],
	['a route that is sent to the wrong service', (c) => (row(c.gateway, 'GET', '/usage').service = 'billing'),
		/^GET \/usage: the gateway sends it to billing, which/, /^GET \/usage: served by chat, and neither/],
	['a route of a service that nobody publishes', (c) => c.services.auth.push({ method: 'GET', path: '/keys', who: 'public', body: null }),
		/^GET \/keys: served by auth, and neither/],
	['an inner route that is published', (c) => (c.inner = { chat: ['GET /usage'] }), /^GET \/usage: no inner route of chat/],
	['an inner route that is not there', (c) => (c.inner = { chat: ['GET /gone'] }), /^GET \/gone: no inner route of chat/],
	['a row of the gateway said twice', (c) => c.gateway.push({ ...gatewayRow(c) }), /twice in the gateway/],
	['a row of a service said twice', (c) => c.services.chat.push({ ...chatRow(c) }), /twice in chat/],
	['another parameter in the path', (c) => (gatewayRow(c).path = chatRow(c).path = '/chatroom/{room}/message'),
		/^POST \/chatroom\/\{room\}\/message: not in openapi/, /^POST \/chatroom\/\{id\}\/message: in openapi.yaml, and/],
	['a parameter of the path that is not described', (c) => operation(c).parameters.shift(), /its path has the parameters \(id\), openapi.yaml describes \(\)/],
	['a user\'s route that openapi.yaml calls public', (c) => (operation(c).security = []), /lets user call, openapi.yaml says public/],
	['a user\'s route that openapi.yaml opens to tickets', (c) => (operation(c).security = [{ bearer: [] }, { ticket: [] }]), /lets user call, openapi.yaml says ticket/],
	['a hook that openapi.yaml asks no signature of', (c) => delete c.api.paths['/webhook/stripe'].post.parameters, /lets hook call, openapi.yaml says public/],
	['a user\'s route that the service calls public', (c) => (chatRow(c).who = 'public'), /lets user call, chat public/],
	['a user\'s route that the gateway calls public', (c) => (gatewayRow(c).who = 'public'), /lets public call, openapi.yaml says user/, /lets public call, chat user/],
	['a body that is too large for the service', (c) => (gatewayRow(c).body *= 2), /takes 524288 bytes of body, chat 262144/],
	['a body that the gateway does not let through', (c) => (chatRow(c).body *= 2), /takes 262144 bytes of body, chat 524288/],
	['a body that nobody describes', (c) => delete operation(c).requestBody, /takes a body, openapi.yaml describes none/],
	['a body that nobody takes', (c) => (gatewayRow(c).body = chatRow(c).body = null), /expects no body, openapi.yaml describes one/],
	['a gateway that waits longer than the service works', (c) => (gatewayRow(c).wait_ms = 30001), /waits 30001 ms, chat works 30000 ms/],
	['a service that works shorter than the gateway waits', (c) => (chatRow(c).deadline_ms = 5000), /waits 30000 ms, chat works 5000 ms/],
	['a repeat that openapi.yaml has no key for', (c) => (operation(c).parameters = operation(c).parameters.filter((p) => !/IdempotencyKey/.test(p.$ref))),
		/repeats it keyed, openapi.yaml does not know Idempotency-Key/],
	['a key that the gateway does not look at', (c) => (gatewayRow(c).repeat = 'never'), /repeats it never, openapi.yaml knows Idempotency-Key/],
	['a wait that openapi.yaml has no field for', (c) => (operation(c).parameters = operation(c).parameters.filter((p) => p.name !== 'Prefer')),
		/looks for Prefer: wait, openapi.yaml does not know it/],
	['a wait that the gateway does not look for', (c) => (gatewayRow(c).prefers = null), /does not look for Prefer: wait, openapi.yaml knows it/],
	['a pointer that leads nowhere', (c) => (operation(c).responses[429].$ref += 'x'), /openapi.yaml has no #\/components\/responses\/TooManyx/],
	...['401', '413', '429', '502', '503', '504'].map((status) => [`a ${status} that openapi.yaml does not tell`,
		(c) => delete operation(c).responses[status], new RegExp(`the gateway may answer ${status}`)]),
];

for (const [what, lie, ...sentences] of LIES)
	test(`${what} is found`, () => {
		const copy = structuredClone(said);
		lie(copy);
		const found = [...disagreements(copy)];
		assert.equal(found.length, sentences.length, found.join('\n'));
		sentences.forEach((s, i) => assert.match(found[i], s));
	});
