import { createHash } from 'node:crypto';

/** 64 hex digits of everything that comes. */
export async function sha256Of(bytes: AsyncIterable<Uint8Array>): Promise<string> {
	const hash = createHash('sha256');
	for await (const chunk of bytes) hash.update(chunk);
	return hash.digest('hex');
}
