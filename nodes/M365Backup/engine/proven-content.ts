import { createHash } from 'node:crypto';
import { Failure } from '../base/failure';

/** What a record says of a file. */
export interface ExpectedFile {
	/** Absent where no record says it (cursors). */
	size?: number;
	sha256: string;
}

/**
 * The chunks of a file, and a `corrupt` Failure instead of the end if they are not what a record says: whoever reads
 * to the end has the right bytes. Stops at the first byte too many.
 */
export async function* proven(source: AsyncIterable<Uint8Array>, expected: ExpectedFile, name: string): AsyncGenerator<Uint8Array, void, undefined> {
	const hash = createHash('sha256');
	let sizeBytes = 0;
	for await (const chunk of source) {
		sizeBytes += chunk.length;
		if (expected.size !== undefined && sizeBytes > expected.size) throw wrongSize(name, `more than ${expected.size}`, expected.size);
		hash.update(chunk);
		yield chunk;
	}
	if (expected.size !== undefined && sizeBytes !== expected.size) throw wrongSize(name, `${sizeBytes}`, expected.size);
	if (hash.digest('hex') !== expected.sha256) {
		throw new Failure('corrupt', `${name} is damaged: its SHA-256 is not the one that was recorded`, { code: 'wrongHash' });
	}
}

function wrongSize(name: string, found: string, expected: number): Failure {
	return new Failure('corrupt', `${name} is damaged: it has ${found} bytes instead of ${expected}`, { code: 'wrongSize' });
}

/** Reads everything and keeps only what it amounts to. */
export async function measure(source: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }> {
	const hash = createHash('sha256');
	let size = 0;
	for await (const chunk of source) {
		size += chunk.length;
		hash.update(chunk);
	}
	return { size, sha256: hash.digest('hex') };
}
