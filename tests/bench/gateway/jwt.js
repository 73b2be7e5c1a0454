// The user of a good HS256 token, or ''.
import crypto from 'crypto';
const KEY = '@SECRET@';

function uid(r) {
	const given = r.headersIn.authorization;
	if (!given || !given.startsWith('Bearer '))
		return '';
	const parts = given.slice(7).split('.');
	if (parts.length !== 3 || crypto.createHmac('sha256', KEY).update(parts[0] + '.' + parts[1]).digest('base64url') !== parts[2])
		return '';
	try {
		const claims = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
		return claims.exp > Date.now() / 1000 ? String(claims.sub) : '';
	} catch (e) {
		return '';
	}
}
export default { uid };
