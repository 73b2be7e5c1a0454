// The upgrade by hand, in a real browser: checkout_url, the Pay button, Pro; and cancelling in the portal.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { signUp } from './lib/client.mjs';
import { startStack, until } from './lib/stack.mjs';

let stack, browser;

before(async () => {
	stack = await startStack();
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
	});
});
after(async () => {
	await browser?.close();
	await stack?.stop();
});

const tier = async (me) => (await me.get('/subscription/status')).json.subscription_tier;

test('a person pays, and is told so', async () => {
	const me = await signUp(stack.base);
	const page = await browser.newPage();
	await page.goto((await me.post('/subscribe/pro')).json.checkout_url);
	assert.equal(await tier(me), 'Basic');
	await page.getByRole('button', { name: 'Pay' }).click();
	await page.waitForURL(/\/subscription\/done/);
	assert.match(await page.textContent('body'), /Payment received/);
	await until('Pro', async () => (await tier(me)) === 'Pro');
	await page.close();
});

test('turning back at the checkout changes nothing', async () => {
	const me = await signUp(stack.base);
	const page = await browser.newPage();
	await page.goto((await me.post('/subscribe/pro')).json.checkout_url);
	await page.getByRole('link', { name: /cancel|back/i }).click();
	assert.equal(await tier(me), 'Basic');
	await page.close();
});
