import { createHash } from 'node:crypto';
import { damagedFile } from './bytes';

/** What stands in the place of the check sum while it is computed. */
const NO_CHECK = '0'.repeat(64);
const TAIL_START = ',\n\t"check": "';
const TAIL_END = '"\n}\n';
const TAIL_BYTES = TAIL_START.length + NO_CHECK.length + TAIL_END.length;

/**
 * A record as it is stored: JSON for people to read, whose last member, `check`, is the SHA-256 of the file's bytes with
 * 64 zeros in its own place. So a flipped bit anywhere in it shows, also where no other record names its hash.
 */
export function sealJson(record: object): Buffer {
	const { check: _older, ...members } = record as { check?: unknown };
	const bytes = Buffer.from(`${JSON.stringify({ ...members, check: NO_CHECK }, null, '\t')}\n`);
	bytes.write(digest(bytes), bytes.length - TAIL_END.length - NO_CHECK.length, 'latin1');
	return bytes;
}

/** What a sealed record says, without its `check`. Throws `corrupt` if a single bit of it is not as it was written. */
export function openSealed(bytes: Buffer, key: string): unknown {
	const tail = bytes.toString('latin1', Math.max(0, bytes.length - TAIL_BYTES));
	if (!tail.startsWith(TAIL_START) || !tail.endsWith(TAIL_END)) throw damagedFile(key, 'it does not end with its check sum');
	const at = bytes.length - TAIL_END.length - NO_CHECK.length;
	const plain = Buffer.from(bytes);
	plain.write(NO_CHECK, at, 'latin1');
	if (digest(plain) !== bytes.toString('latin1', at, at + NO_CHECK.length)) throw damagedFile(key, 'its check sum is wrong');
	const { check: _check, ...members } = parse(bytes, key);
	return members;
}

/** Whoever forges a record can seal it, too. */
function parse(bytes: Buffer, key: string): { check?: unknown } {
	try {
		return JSON.parse(bytes.toString('utf8')) as object;
	} catch (cause) {
		throw damagedFile(key, 'it is not JSON', cause);
	}
}

function digest(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
