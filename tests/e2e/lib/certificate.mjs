// A self-signed pair for those names, in the place of NAME.pem and NAME.key.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './stack.mjs';

export async function certificate(dir, name, names) {
	const at = (ending) => join(dir, `${name}.${ending}`);
	await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
		'-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')}`,
		'-keyout', at('key.new'), '-out', at('pem.new')]);
	await rename(at('key.new'), at('key'));
	await rename(at('pem.new'), at('pem'));
}
