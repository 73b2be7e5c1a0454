// Stripe's own SDK against the Stripe simulator: what it takes for Stripe is close enough.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

import Stripe from 'stripe';

import { simulator, until } from './lib/simulator.mjs';

const secret = 'whsec_of_the_test';
const key = 'sk_test_of_the_test';
const price = 'price_castor_pro';

let fake, stripe, hook;

// Where webhooks go: checked by the SDK itself, answered as `answer` says.
async function receiver() {
	const r = { events: [], bad: 0, answer: () => 200 };
	const server = createServer(async (req, res) => {
		const parts = [];
		for await (const p of req)
			parts.push(p);
		try {
			const event = stripe.webhooks.constructEvent(Buffer.concat(parts), req.headers['stripe-signature'], secret);
			res.statusCode = r.answer(event);
			if (res.statusCode === 200)
				r.events.push(event);
		} catch {
			r.bad++;
			res.statusCode = 400;
		}
		res.end();
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	r.url = `http://127.0.0.1:${server.address().port}/webhook/stripe`;
	r.close = () => new Promise((done) => {
		server.close(done);
		server.closeAllConnections();
	});
	r.came = (n) => until(`${n} webhooks, not ${r.events.length}`, () => r.events.length >= n);
	return r;
}

before(async () => {
	hook = await receiver();
	fake = await simulator('fake-stripe', (url) => ({
		PUBLIC_URL: url, WEBHOOK_URL: hook.url, STRIPE_WEBHOOK_SECRET: secret, STRIPE_SECRET_KEY: key,
	}));
	stripe = new Stripe(key, {
		protocol: 'http', host: '127.0.0.1', port: fake.port, maxNetworkRetries: 0, telemetry: false,
		apiVersion: '2026-08-26.dahlia',
	});
});
after(async () => {
	assert.equal(await fake.stop(), 0);
	await hook.close();
});
beforeEach(async () => {
	await until('all sent', async () => (await fetch(`${fake.url}/__reset`, { method: 'POST' })).status === 204);
	hook.events.length = hook.bad = 0;
	hook.answer = () => 200;
});

function checkout(customer, more = {}) {
	return stripe.checkout.sessions.create({
		mode: 'subscription',
		line_items: [{ price, quantity: 1 }],
		customer,
		client_reference_id: 'user-1',
		metadata: { user_id: 'user-1' },
		subscription_data: { metadata: { user_id: 'user-1' } },
		success_url: 'http://127.0.0.1:1/done?session_id={CHECKOUT_SESSION_ID}',
		cancel_url: 'http://127.0.0.1:1/',
		...more,
	});
}
const pay = (session) => fetch(session.url, { method: 'POST', redirect: 'manual' });

// A customer who paid: the session as it is afterwards.
async function paid() {
	const customer = await stripe.customers.create({ email: 'a@example.test' });
	const session = await checkout(customer.id);
	assert.equal((await pay(session)).status, 303);
	return stripe.checkout.sessions.retrieve(session.id);
}

const refused = (want) => (e) => {
	for (const [k, v] of Object.entries(want))
		assert.equal(e[k], v, `${k} of ${e.message}`);
	return true;
};

test('customers are made, found and listed', async () => {
	const c = await stripe.customers.create({
		email: 'ann+1@example.test', name: 'Ann & Bob = "ü" 🙂', metadata: { user_id: 'u-1', 'a key': '1' },
	});
	assert.match(c.id, /^cus_/);
	assert.match(c.lastResponse.requestId, /^req_/);
	assert.equal(c.lastResponse.apiVersion, '2026-08-26.dahlia');
	const same = await stripe.customers.retrieve(c.id);
	assert.equal(same.name, 'Ann & Bob = "ü" 🙂');
	assert.deepEqual({ ...same.metadata }, { user_id: 'u-1', 'a key': '1' });
	await stripe.customers.create({ email: 'other@example.test' });
	const found = await stripe.customers.list({ email: 'ann+1@example.test' });
	assert.deepEqual(found.data.map((x) => x.id), [c.id]);
});

test('lists have pages', async () => {
	const ids = [];
	for (let i = 0; i < 7; i++)
		ids.unshift((await stripe.customers.create()).id);
	const page = await stripe.customers.list({ limit: 3 });
	assert.equal(page.has_more, true);
	assert.deepEqual(page.data.map((c) => c.id), ids.slice(0, 3));
	const back = await stripe.customers.list({ limit: 2, ending_before: ids[5] });
	assert.deepEqual(back.data.map((c) => c.id), ids.slice(3, 5));
	const all = [];
	for await (const c of stripe.customers.list({ limit: 2 }))
		all.push(c.id);
	assert.deepEqual(all, ids);
});

test('a checkout is opened, paid, and makes a subscription', async () => {
	const customer = await stripe.customers.create();
	const open = await checkout(customer.id);
	assert.equal(open.status, 'open');
	assert.equal(open.payment_status, 'unpaid');
	assert.equal(open.subscription, null);
	const page = await fetch(open.url);
	assert.match(page.headers.get('content-type'), /^text\/html/);
	assert.match(await page.text(), /<button>Pay<\/button>/);

	const answer = await pay(open);
	assert.equal(answer.status, 303);
	assert.equal(answer.headers.get('location'), `http://127.0.0.1:1/done?session_id=${open.id}`);
	const done = await stripe.checkout.sessions.retrieve(open.id);
	assert.equal(done.status, 'complete');
	assert.equal(done.payment_status, 'paid');
	assert.equal(done.url, null);
	assert.equal(done.client_reference_id, 'user-1');

	const sub = await stripe.subscriptions.retrieve(done.subscription);
	assert.equal(sub.status, 'active');
	assert.equal(sub.customer, customer.id);
	assert.equal(sub.metadata.user_id, 'user-1');
	assert.equal(sub.current_period_end, undefined, 'it moved in 2025-03-31');
	assert.ok(sub.items.data[0].current_period_end > Date.now() / 1000);
	assert.equal(sub.items.data[0].price.id, price);
	assert.equal((await pay(open)).status, 303, 'paying twice is paying once');
	assert.equal((await stripe.subscriptions.list({ customer: customer.id })).data.length, 1);
});

test('events are signed as the SDK checks it, and tell what happened', async () => {
	const session = await paid();
	await hook.came(3);
	assert.equal(hook.bad, 0);
	assert.deepEqual(hook.events.map((e) => e.type),
		['checkout.session.completed', 'customer.subscription.created', 'invoice.paid']);
	const [completed, created, invoice] = hook.events.map((e) => e.data.object);
	assert.equal(completed.id, session.id);
	assert.equal(completed.client_reference_id, 'user-1');
	assert.equal(created.id, session.subscription);
	assert.equal(invoice.parent.subscription_details.subscription, session.subscription);
	assert.equal(hook.events[0].api_version, '2026-08-26.dahlia');
	assert.equal(hook.events[0].livemode, false);
});

test('a webhook that is refused comes again', async () => {
	let no = 2;
	hook.answer = () => (no-- > 0 ? 500 : 200);
	await paid();
	await hook.came(3);
	assert.equal(new Set(hook.events.map((e) => e.id)).size, 3);
	await until('none is missed', async () => (await stripe.events.list({ delivery_success: false })).data.length === 0);
});

test('webhooks can be off, doubled, reversed, thin, and sent by hand', async () => {
	await fake.json('/__control', { webhooks: 'off' });
	await paid();
	const missed = (await stripe.events.list({ delivery_success: false })).data;
	assert.equal(missed.length, 3);
	assert.deepEqual(await fake.json(`/__events/${missed[2].id}/resend`, {}), { status: 200 });
	assert.deepEqual(hook.events.map((e) => e.id), [missed[2].id]);
	assert.equal((await stripe.events.list({ delivery_success: false })).data.length, 2);

	hook.events.length = 0;
	await fake.json('/__control', { webhooks: 'duplicate' });
	await paid();
	await hook.came(6);
	assert.equal(new Set(hook.events.map((e) => e.id)).size, 3);

	hook.events.length = 0;
	await fake.json('/__control', { webhooks: 'reverse' });
	await paid();
	await hook.came(3);
	assert.equal(hook.events[2].type, 'checkout.session.completed');

	hook.answer = () => 500;
	await fake.json('/__control', { webhooks: 'off', thin: true });
	await paid();
	const [last] = (await stripe.events.list({ limit: 1 })).data;
	assert.deepEqual(await fake.json(`/__events/${last.id}/resend`, {}), { status: 400 }, 'constructEvent is for snapshots');
});

test('events are listed by type and time', async () => {
	await paid();
	const types = (o) => stripe.events.list(o).then((l) => l.data.map((e) => e.type));
	assert.deepEqual(await types({ type: 'invoice.paid' }), ['invoice.paid']);
	assert.deepEqual(await types({ type: 'customer.*' }), ['customer.subscription.created']);
	assert.deepEqual(await types({ types: ['invoice.paid', 'checkout.session.completed'] }),
		['invoice.paid', 'checkout.session.completed']);
	const now = Math.floor(Date.now() / 1000);
	assert.equal((await types({ created: { gte: now - 60, lte: now + 60 } })).length, 3);
	assert.equal((await types({ created: { lt: now - 60 } })).length, 0);
	const all = [];
	for await (const e of stripe.events.list({ limit: 1 }))
		all.push(e.type);
	assert.equal(all.length, 3);
	const one = (await stripe.events.list({ limit: 1 })).data[0];
	assert.equal((await stripe.events.retrieve(one.id)).type, one.type);
});

test('a subscription is changed and ended', async () => {
	const { subscription, customer } = await paid();
	await hook.came(3);
	const s = await stripe.subscriptions.update(subscription, { cancel_at_period_end: true, metadata: { more: 'yes' } });
	assert.equal(s.cancel_at_period_end, true);
	assert.deepEqual({ ...s.metadata }, { user_id: 'user-1', more: 'yes' });
	assert.equal(s.status, 'active');
	await stripe.subscriptions.update(subscription, { metadata: { more: '' } });
	const gone = await stripe.subscriptions.cancel(subscription);
	assert.equal(gone.status, 'canceled');
	assert.deepEqual({ ...gone.metadata }, { user_id: 'user-1' });
	await hook.came(6);
	assert.deepEqual(hook.events.slice(3).map((e) => e.type),
		['customer.subscription.updated', 'customer.subscription.updated', 'customer.subscription.deleted']);
	assert.ok(hook.events[5].request.id);
	assert.equal((await stripe.subscriptions.list({ customer })).data.length, 0);
	assert.equal((await stripe.subscriptions.list({ customer, status: 'all' })).data.length, 1);
	await assert.rejects(stripe.subscriptions.cancel(subscription), refused({ code: 'resource_missing', statusCode: 404 }));
});

test('the portal cancels', async () => {
	const { subscription, customer } = await paid();
	const p = await stripe.billingPortal.sessions.create({ customer, return_url: 'http://127.0.0.1:1/back' });
	const page = await (await fetch(p.url)).text();
	assert.match(page, /Cancel subscription/);
	assert.match(page, /http:\/\/127\.0\.0\.1:1\/back/);
	const cancel = (when) => fetch(`${p.url}/cancel/${subscription}`, {
		method: 'POST', redirect: 'manual', body: new URLSearchParams({ when }),
	});
	assert.equal((await cancel('period_end')).status, 303);
	assert.equal((await stripe.subscriptions.retrieve(subscription)).cancel_at_period_end, true);
	assert.equal((await cancel('now')).status, 303);
	assert.equal((await stripe.subscriptions.retrieve(subscription)).status, 'canceled');
});

test('deleting a customer ends its subscriptions', async () => {
	const { subscription, customer } = await paid();
	await hook.came(3);
	assert.equal((await stripe.customers.del(customer)).deleted, true);
	await hook.came(5);
	assert.deepEqual(hook.events.slice(3).map((e) => e.type), ['customer.subscription.deleted', 'customer.deleted']);
	assert.equal((await stripe.customers.retrieve(customer)).deleted, true);
	assert.equal((await stripe.subscriptions.retrieve(subscription)).status, 'canceled');
	await assert.rejects(checkout(customer), refused({ code: 'resource_missing', param: 'customer', statusCode: 400 }));
});

test('a session expires', async () => {
	const c = await stripe.customers.create();
	const s = await checkout(c.id);
	assert.equal((await stripe.checkout.sessions.expire(s.id)).status, 'expired');
	await hook.came(1);
	assert.equal(hook.events[0].type, 'checkout.session.expired');
	await assert.rejects(stripe.checkout.sessions.expire(s.id), refused({ statusCode: 400 }));
	assert.equal((await pay(s)).status, 200);
	assert.equal((await stripe.subscriptions.list({ customer: c.id })).data.length, 0);
});

test('time can be made to pass', async () => {
	const { subscription } = await paid();
	await hook.came(3);
	await fake.json(`/__subscriptions/${subscription}`, { status: 'past_due' });
	assert.equal((await stripe.subscriptions.retrieve(subscription)).status, 'past_due');
	await hook.came(5);
	assert.deepEqual(hook.events.slice(3).map((e) => e.type), ['invoice.payment_failed', 'customer.subscription.updated']);
});

test('an idempotency key is answered once', async () => {
	const make = (email) => stripe.customers.create({ email }, { idempotencyKey: 'once' });
	const first = await make('a@example.test');
	const second = await make('a@example.test');
	assert.equal(second.id, first.id);
	assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
	assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined);
	await assert.rejects(make('b@example.test'), refused({ type: 'StripeIdempotencyError', statusCode: 400 }));
	assert.equal((await stripe.customers.list()).data.length, 1);
	await assert.rejects(stripe.checkout.sessions.create({ mode: 'subscription' }, { idempotencyKey: 'bad' }));
	assert.ok((await checkout(first.id)).id, 'a refused call leaves its key free');
});

test('refusals have type, code and parameter', async () => {
	const missing = { type: 'StripeInvalidRequestError', code: 'resource_missing' };
	await assert.rejects(stripe.customers.retrieve('cus_none'), refused({ ...missing, statusCode: 404 }));
	await assert.rejects(stripe.subscriptions.retrieve('sub_none'), refused({ ...missing, statusCode: 404 }));
	await assert.rejects(checkout('cus_none'), refused({ ...missing, statusCode: 400, param: 'customer' }));
	await assert.rejects(checkout(undefined, { line_items: [{ price: 'price_missing' }] }),
		refused({ ...missing, param: 'line_items[0][price]' }));
	await assert.rejects(checkout(undefined, { success_url: '/relative' }), refused({ code: 'url_invalid' }));
	await assert.rejects(checkout(undefined, { success_url: undefined }), refused({ code: 'parameter_missing' }));
	await assert.rejects(checkout(undefined, { ui_mode: 'hosted' }), refused({ param: 'ui_mode' }));
	await assert.rejects(stripe.customers.create({ bogus: 1 }), refused({ code: 'parameter_unknown' }));
	const other = (k) => new Stripe(k, { protocol: 'http', host: '127.0.0.1', port: fake.port, maxNetworkRetries: 0 });
	await assert.rejects(other('sk_test_wrong').customers.list(), refused({ type: 'StripeAuthenticationError', statusCode: 401 }));
});

test('Basic serves as Bearer does', async () => {
	const get = (authorization) => fetch(`${fake.url}/v1/prices/${price}`, { headers: { authorization } });
	assert.equal((await get(`Basic ${Buffer.from(`${key}:`).toString('base64')}`)).status, 200);
	assert.equal((await get(`Basic ${Buffer.from('sk_other:').toString('base64')}`)).status, 401);
	assert.equal((await get('Digest x')).status, 401);
});

test('prices exist', async () => {
	const p = await stripe.prices.retrieve(price);
	assert.equal(p.recurring.interval, 'month');
	await assert.rejects(stripe.prices.retrieve('price_missing'), refused({ statusCode: 404 }));
});

test('calls fail when told to, and the SDK tries again', async () => {
	await fake.json('/__control', { fail_status: 503, fail_times: 2 });
	const patient = new Stripe(key, { protocol: 'http', host: '127.0.0.1', port: fake.port, maxNetworkRetries: 3 });
	assert.ok((await patient.customers.create()).id);
	assert.equal((await fake.json('/__control')).calls_failed, 2);
	await fake.json('/__control', { fail_status: 500, fail_times: 0 });
	await assert.rejects(stripe.customers.list(), refused({ type: 'StripeAPIError', statusCode: 500 }));
});
