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

	/** A JWT: its head is the same for all. */
	noteToken(kind: SecretKind, jwt: string): void {
		this.note(kind, ...jwt.split('.').slice(1));
	}
}
