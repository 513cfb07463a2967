import { createHmac, timingSafeEqual } from 'node:crypto';
import { damagedFile } from './bytes';

/**
 * Proves that a record of an encrypted repository was written by somebody who has its key: anybody who knows the public
 * recipients can encrypt a file for them, and seal a record (DESIGN §3.6). HMAC-SHA-256 over the repository's id, the
 * source key and the record's JSON without `mac` and `check`, members in the order in which they are stored.
 */
export class RecordMac {
	constructor(
		private readonly key: Buffer,
		private readonly repositoryId: string,
	) {}

	/** The record with its `mac`. */
	sign<T extends object>(sourceKey: string, record: T): T & { mac: string } {
		return { ...record, mac: this.compute(sourceKey, record) };
	}

	/** `value`: the record as it was read, before anything reordered its members. Throws `corrupt` with code `forgedRecord`. */
	prove(sourceKey: string, value: unknown, file: string): void {
		const record = typeof value === 'object' && value !== null ? (value as { mac?: unknown }) : {};
		const expected = Buffer.from(this.compute(sourceKey, record), 'hex');
		const found = Buffer.from(typeof record.mac === 'string' ? record.mac : '', 'hex');
		if (found.length === expected.length && timingSafeEqual(found, expected)) return;
		throw damagedFile(file, 'its mac is wrong: it was not written by this repository, or was changed', undefined, 'forgedRecord');
	}

	private compute(sourceKey: string, record: object): string {
		const { mac: _mac, check: _check, ...members } = record as { mac?: unknown; check?: unknown };
		return createHmac('sha256', this.key).update([`m365-backup record`, this.repositoryId, sourceKey, JSON.stringify(members)].join('\n')).digest('hex');
	}
}
