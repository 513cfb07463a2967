import { randomBytes } from 'node:crypto';
import { generate } from 'selfsigned';
import { derivedKey, makeAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { IssuedSecrets } from '../../simulator/issued-secrets';
import type { RunningSimulator } from '../../simulator/start';
import type { Marked } from '../../support/secret-search';

/** What nobody but its owner can know, new in each run. */
export function marker(): string {
	return randomBytes(24).toString('base64url');
}

/** Everything secret that a test gives to n8n, and what the simulated tenant hands out. */
export class MarkedSecrets {
	private constructor(
		readonly certificate: string,
		readonly privateKey: string,
		readonly identity: string,
		readonly otherIdentity: string,
		readonly wrongSecret: string,
		readonly proxyPassword: string,
		readonly bucketKey: string,
		/** Of a shared access signature. */
		readonly containerSignature: string,
		/** In an address that a redirect leads to. */
		readonly redirectKey: string,
	) {}

	static async make(): Promise<MarkedSecrets> {
		const { cert, private: privateKey } = await generate([{ name: 'commonName', value: 'M365 Backup' }], { keySize: 2048 });
		const [one, other] = [await makeAgeKey(), await makeAgeKey()];
		return new MarkedSecrets(cert, privateKey, one.identity, other.identity, `wrong~${marker()}`, marker(), marker(), marker(), marker());
	}

	all({ tenant, clientSecret, token }: RunningSimulator): Marked[] {
		const ofTheTest = new IssuedSecrets();
		ofTheTest.isKept = true;
		ofTheTest.noteToken('access token', token);
		return [
			{ kind: 'client secret', keys: [clientSecret] },
			{ kind: 'wrong client secret', keys: [this.wrongSecret] },
			// What comes first in the file is the public part: it stands in the certificate, too.
			{ kind: 'private key', keys: this.privateKey.trim().split('\n').slice(8, -2) },
			...[this.identity, this.otherIdentity].flatMap((identity) => [
				{ kind: 'encryption key', keys: [identity.slice('AGE-SECRET-KEY-1'.length)] },
				{ kind: 'derived key', keys: (['hex', 'base64'] as const).map((form) => derivedKey(identity, 'mac').toString(form)) },
			]),
			{ kind: 'proxy password', keys: [this.proxyPassword] },
			{ kind: 'key of the bucket', keys: [this.bucketKey] },
			{ kind: 'signature for the container', keys: [this.containerSignature] },
			{ kind: 'redirect', keys: [this.redirectKey] },
			...ofTheTest.all,
			...tenant.issued.all,
		];
	}
}
