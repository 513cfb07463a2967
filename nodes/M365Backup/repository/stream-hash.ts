import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Failure } from '../base/failure';

export interface Digest {
	/** Hex digits. */
	sha256: string;
	/** 0 where it was not asked for. */
	crc32: number;
}

/** What is computed of bytes while they go by. Each `update` is to be waited for, where it answers. */
export interface StreamHash {
	/** The bytes may change afterwards. @param also They belong to that one, too: a thread then needs them but once. */
	update: (bytes: Uint8Array, also?: StreamHash) => Promise<void> | undefined;
	/** Ends it. */
	digest(): Promise<Digest>;
	/** Ends it where nobody wants to know any more. */
	discard(): void;
}

/** On this thread. */
export function ownHash(wanted?: 'withCrc32'): StreamHash {
	const hash = createHash('sha256');
	let crc = 0;
	return {
		update: (bytes, also) => {
			hash.update(bytes);
			if (wanted) crc = crc32(bytes, crc);
			return also?.update(bytes);
		},
		digest: () => Promise.resolve({ sha256: hash.digest('hex'), crc32: crc }),
		discard: () => undefined,
	};
}

/** Where other bytes are stored than go by, so that nobody wants to know: its digest is a defect. */
export function noHash(): StreamHash {
	return {
		update: (bytes, also) => also?.update(bytes),
		digest: () => Promise.reject(new Failure('defect', 'The hash of bytes that are stored encrypted was asked for')),
		discard: () => undefined,
	};
}
