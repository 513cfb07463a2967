import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Digest {
	/** Hex digits. */
	sha256: string;
	/** 0 where it was not asked for. */
	crc32: number;
}

/** What is computed of bytes while they go by. Each `update` is to be waited for, where it answers. */
export interface StreamHash {
	/** The bytes may change afterwards. */
	update: (bytes: Uint8Array) => Promise<void> | undefined;
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
		update: (bytes) => {
			hash.update(bytes);
			if (wanted) crc = crc32(bytes, crc);
			return undefined;
		},
		digest: () => Promise.resolve({ sha256: hash.digest('hex'), crc32: crc }),
		discard: () => undefined,
	};
}
