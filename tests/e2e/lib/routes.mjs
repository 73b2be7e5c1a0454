// The public routes, told in three places: the gateway's table, openapi.yaml, and the table of the service that serves each.

// `<process> routes` as rows: [{ method, path, who, body, ... }]; "-" is null.
export function readTable(text) {
	const [names, ...lines] = text.trimEnd().split('\n').map((line) => line.trim().split(/\s+/));
	return lines.map((values) => {
		if (values.length !== names.length)
			throw new Error(`a line of ${values.length} values under ${names.length} names: ${values.join(' ')}`);
		return Object.fromEntries(names.map((name, i) => [name, values[i] === '-' ? null : /^\d+$/.test(values[i]) ? Number(values[i]) : values[i]]));
	});
}

// What a document's pointer leads to: { $ref: "#/components/..." }.
function resolve(api, thing) {
	if (!thing?.$ref)
		return thing;
	return thing.$ref.replace(/^#\//, '').split('/').reduce((at, word) => at?.[word], api) ?? { missing: thing.$ref };
}

// Every operation: name ("POST /auth/signup"), path, parameters, body (is there one?), responses, who may call.
export function readOperations(api) {
	return Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => {
		const parameters = (op.parameters ?? []).map((p) => resolve(api, p));
		return {
			name: `${method.toUpperCase()} ${path}`, path, parameters, body: Boolean(op.requestBody),
			responses: Object.fromEntries(Object.entries(op.responses).map(([status, r]) => [status, resolve(api, r)])),
			who: whoMayCall(op.security ?? api.security, parameters),
		};
	}));
}

// Without a token come the hooks, which bring a signature of their own, and everybody.
function whoMayCall(security, parameters) {
	const ways = security.map((way) => Object.keys(way).join('+')).sort().join(' or ');
	if (ways === '')
		return parameters.some((p) => p.in === 'header' && p.required && /signature/i.test(p.name)) ? 'hook' : 'public';
	return { bearer: 'user', 'bearer or ticket': 'ticket' }[ways] ?? ways;
}

const nameOf = (row) => `${row.method} ${row.path}`;
const asksToken = (row) => row.who === 'user' || row.who === 'ticket';

// What the gateway may answer by itself, whatever the service would say.
function answersOf(row) {
	return [
		...(asksToken(row) ? ['401'] : []),
		...(row.body ? ['413'] : []),
		...(row.limit !== 'none' ? ['429'] : []),
		...(row.service !== 'here' ? ['502', '504'] : []),
		'503',
	];
}

function* fromApi(row, op) {
	const name = nameOf(row);
	if (op.who !== row.who)
		yield `${name}: the gateway lets ${row.who} call, openapi.yaml says ${op.who}`;
	for (const status of answersOf(row).filter((s) => !op.responses[s]))
		yield `${name}: the gateway may answer ${status}, openapi.yaml does not say so`;
	if (op.body !== Boolean(row.body))
		yield `${name}: the gateway ${row.body ? 'takes a' : 'expects no'} body, openapi.yaml describes ${op.body ? 'one' : 'none'}`;
	const keyed = op.parameters.some((p) => p.name === 'Idempotency-Key');
	if (keyed !== (row.repeat === 'keyed'))
		yield `${name}: the gateway repeats it ${row.repeat}, openapi.yaml ${keyed ? 'knows' : 'does not know'} Idempotency-Key`;
	const prefers = op.parameters.some((p) => p.name === 'Prefer');
	if (prefers !== (row.prefers === 'wait'))
		yield `${name}: the gateway ${row.prefers ? 'looks' : 'does not look'} for Prefer: wait, openapi.yaml ${prefers ? 'knows' : 'does not know'} it`;
	const inPath = [...row.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join(' ');
	const described = op.parameters.filter((p) => p.in === 'path').map((p) => p.name).sort().join(' ');
	if (inPath !== described)
		yield `${name}: its path has the parameters (${inPath}), openapi.yaml describes (${described})`;
	for (const what of [...op.parameters, ...Object.values(op.responses)].filter((w) => w.missing))
		yield `${name}: openapi.yaml has no ${what.missing}`;
}

function* fromService(row, served) {
	const name = nameOf(row);
	if (served.who !== row.who)
		yield `${name}: the gateway lets ${row.who} call, ${row.service} ${served.who}`;
	if (served.body !== row.body)
		yield `${name}: the gateway takes ${row.body ?? 'no'} bytes of body, ${row.service} ${served.body ?? 'none'}`;
	if (row.wait_ms > served.deadline_ms)
		yield `${name}: the gateway waits ${row.wait_ms} ms, ${row.service} works ${served.deadline_ms} ms`;
}

function* doubled(where, names) {
	for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i)))
		yield `${name}: twice in ${where}`;
}

// Every disagreement, as a sentence. inner: names of routes that services serve and the gateway does not publish.
export function* disagreements({ gateway, services, api, inner = {} }) {
	const published = new Map(gateway.map((row) => [nameOf(row), row]));
	const operations = new Map(readOperations(api).map((op) => [op.name, op]));

	yield* doubled('the gateway', gateway.map(nameOf));
	for (const [name, row] of published) {
		const op = operations.get(name), served = services[row.service]?.find((s) => nameOf(s) === name);
		if (op)
			yield* fromApi(row, op);
		else
			yield `${name}: not in openapi.yaml`;
		if (served)
			yield* fromService(row, served);
		else if (row.service !== 'here')
			yield `${name}: the gateway sends it to ${row.service}, which does not serve it`;
	}
	for (const name of operations.keys())
		if (!published.has(name))
			yield `${name}: in openapi.yaml, and the gateway does not publish it`;
	for (const [service, rows] of Object.entries(services)) {
		yield* doubled(service, rows.map(nameOf));
		for (const name of rows.map(nameOf))
			if (published.get(name)?.service !== service && !inner[service]?.includes(name))
				yield `${name}: served by ${service}, and neither published by the gateway nor an inner route`;
	}
	for (const [service, names] of Object.entries(inner))
		for (const name of names)
			if (published.has(name) || !services[service]?.some((s) => nameOf(s) === name))
				yield `${name}: no inner route of ${service}`;
}
