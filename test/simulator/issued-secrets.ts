export type SecretKind = 'access token' | 'client assertion' | 'download URL' | 'upload URL' | 'import URL';

export interface IssuedSecret {
	kind: SecretKind;
	/** Those parts of it that nobody can guess: whoever has them has the secret. */
	keys: string[];
}

/**
 * Everything that this tenant has handed out, or was shown, that opens something: for tests that search what was written
 * for it. Kept only where a test says so, since a large drive has a download URL for each file of each page.
 */
export class IssuedSecrets {
	isKept = false;
	readonly all: IssuedSecret[] = [];

	note(kind: SecretKind, ...keys: string[]): void {
		if (this.isKept) this.all.push({ kind, keys });
	}

	/**
	 * A JWT: its signature, and of its claims those characters that stand for the random one. The others repeat what is
	 * known, such as the time, which other texts may say in the very same characters.
	 */
	noteToken(kind: SecretKind, jwt: string): void {
		if (!this.isKept) return;
		const [, claims = '', signature = ''] = jwt.split('.');
		const text = Buffer.from(claims, 'base64url').toString();
		const random = /"(?:uti|jti)":"([^"]+)"/.exec(text);
		if (!random) throw new Error('This token has no random claim');
		const start = random.index + random[0].length - 1 - random[1]!.length;
		// Characters stand for groups of three bytes: only whole groups are its own.
		const part = claims.slice(Math.ceil(start / 3) * 4, Math.floor((start + random[1]!.length) / 3) * 4);
		this.note(kind, part, signature);
	}
}
