// What must hold at any moment (invariants.sql).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const sql = readFileSync(new URL('invariants.sql', import.meta.url), 'utf8');

export async function assertInvariants(stack) {
	assert.equal(await stack.psql(sql), '', 'no invariant is violated');
}
