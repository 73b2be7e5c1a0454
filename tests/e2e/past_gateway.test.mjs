// A service that is reached past the gateway believes nobody: each of its routes that is for users checks the token by itself, whatever
// else the request says of who is calling.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { assertProblem, signUp } from './lib/client.mjs';
import { startStack } from './lib/stack.mjs';

let stack, routes;

before(async () => {
	stack = await startStack();
	const table = await readFile(new URL('../../gateway/main.c', import.meta.url), 'utf8');
	routes = [...table.matchAll(/\{ HTTP_M_([A-Z]+), +"([^"]+)", +SERVICE_([A-Z]+), +ROUTE_(USER|TICKET),/g)]
		.map(([, method, pattern, service]) => ({ method, path: pattern.replace(/\{[a-z_]+\}/g, () => randomUUID()), service }));
});
after(() => stack?.stop());

const ask = async ({ method, path, service }, headers) => {
	const r = await fetch(`${stack.env[`${service}_URL`]}${path}`, {
		method, headers: { 'content-type': 'application/json', ...headers }, ...(method !== 'GET' && { body: '{}' }),
	});
	const text = await r.text();
	return { status: r.status, headers: r.headers, text, json: text && JSON.parse(text) };
};

test('no route for users answers without a token, or with one that is not good', async () => {
	assert.ok(routes.length > 15, `${routes.length} routes`);
	const user = randomUUID();
	const said = [
		{}, { authorization: 'Bearer x' }, { authorization: `Bearer ${user}` },
		{ 'x-user-id': user, 'x-internal-user': user, 'x-forwarded-user': user, 'x-forwarded-for': '127.0.0.1', 'x-request-attempt': '1' },
		{ authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.', 'x-user-id': user },
	];
	for (const route of routes)
		for (const headers of said)
			assertProblem(await ask(route, headers), 401, 'unauthorized');
});

test('with a good one it does', async () => {
	const me = await signUp(stack.base);
	const headers = { authorization: `Bearer ${me.tokens.access_token}` };
	const last = (r) => r.path === '/auth/logout';
	for (const route of [...routes.filter((r) => !last(r)), ...routes.filter(last)])
		assert.notEqual((await ask(route, headers)).status, 401, `${route.method} ${route.path}`);
});
