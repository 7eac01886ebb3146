// The user of a JWT (HS256) in the cookie "session": its "sub", or nothing where
// the token is missing, forged, of another algorithm or too old.

import crypto from 'crypto';
import fs from 'fs';

const key = fs.readFileSync('/etc/nginx/njs/jwt.key').toString().trim();

function part(text) {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
}

// as long as for the right one, however much of it is right

function same(a, b) {
    let differs = a.length ^ b.length;

    for (let i = 0; i < b.length; i++) {
        differs |= a.charCodeAt(i) ^ b.charCodeAt(i);
    }

    return differs === 0;
}

function user(r) {
    const token = r.variables.cookie_session;

    if (!token) {
        return '';
    }

    const parts = token.split('.');

    try {
        if (parts.length !== 3 || part(parts[0]).alg !== 'HS256') {
            return '';
        }

        const signature = crypto.createHmac('sha256', key)
            .update(parts[0] + '.' + parts[1]).digest('base64url');

        if (!same(parts[2], signature)) {
            return '';
        }

        const claims = part(parts[1]);

        if (typeof claims.sub !== 'string' || typeof claims.exp !== 'number'
            || claims.exp <= Date.now() / 1000)
        {
            return '';
        }

        return claims.sub;

    } catch (e) {
        return '';
    }
}

export default { user };
