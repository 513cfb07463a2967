import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * The payload of an age file (age-encryption.org/v1, "Payload"): a nonce of 16 bytes, then chunks of 64 KiB, each sealed
 * by ChaCha20-Poly1305 under HKDF-SHA-256(file key, nonce, "payload"), with a counter and a mark on the last one as its
 * nonce. By Node's own cipher and not by the library, which has no access by range and is many times slower.
 */
export const NONCE_BYTES = 16;
export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

const CIPHER = 'chacha20-poly1305';
const TAG = { authTagLength: TAG_BYTES };

export function makeNonce(): Buffer {
	return randomBytes(NONCE_BYTES);
}

export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
	return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** 11 bytes of counter, big-endian, and 1 for the last chunk. */
function chunkNonce(index: number, isLast: boolean): Buffer {
	const nonce = Buffer.alloc(12);
	nonce.writeUIntBE(index, 5, 6);
	nonce[11] = isLast ? 1 : 0;
	return nonce;
}

export function sealChunk(key: Buffer, index: number, plain: Uint8Array, isLast: boolean): Buffer[] {
	const cipher = createCipheriv(CIPHER, key, chunkNonce(index, isLast), TAG);
	return [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
}

/** undefined if these are not the bytes that were sealed as that chunk. */
export function openChunk(key: Buffer, index: number, sealed: Buffer, isLast: boolean): Buffer | undefined {
	if (sealed.length < TAG_BYTES) return undefined;
	const decipher = createDecipheriv(CIPHER, key, chunkNonce(index, isLast), TAG);
	decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
	const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
	try {
		decipher.final();
		return plain;
	} catch {
		return undefined;
	}
}

/**
 * Cuts a stream into pieces of that size; the last one is shorter, or empty if there is nothing at all. The bytes of a
 * piece are overwritten once the next one is asked for.
 */
export async function* piecesOf(source: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<{ bytes: Buffer; isLast: boolean }, void, undefined> {
	const piece = Buffer.allocUnsafe(sizeBytes);
	let filled = 0;
	for await (const chunk of source) {
		for (let taken = 0; taken < chunk.length; ) {
			// Only the next byte shows that a full piece is not the last.
			if (filled === sizeBytes) {
				yield { bytes: piece, isLast: false };
				filled = 0;
			}
			const count = Math.min(sizeBytes - filled, chunk.length - taken);
			piece.set(chunk.subarray(taken, taken + count), filled);
			filled += count;
			taken += count;
		}
	}
	yield { bytes: piece.subarray(0, filled), isLast: true };
}
