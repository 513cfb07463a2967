import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';

const deflateAsync = promisify(deflateRaw);

const SAMPLE_BYTES = 16 * 1024;
const WORTHWHILE = 0.95;
/** In a sample of 4 KB, compressed or encrypted bytes have 7.95 bits of entropy; text has 5, programs have 6 to 7. */
const RANDOM_BITS = 7.93;
const TELLING_BYTES = 4096;
const TEXT = /\.(?:eml|json|ndjson|txt|html?|csv|xml|ics|vcf|md|log|js|css|svg)$/i;
const PACKED =
	/\.(?:zip|gz|bz2|xz|7z|rar|zst|jpe?g|png|gif|webp|heic|mp[34]|m4[av]|mov|avi|mkv|docx|xlsx|pptx|odt|ods|odp|msix?|apk|jar)$/i;

/** Whether to deflate, from the name or else from the first bytes. The content comes back to be read from its start. */
export async function shouldCompress(
	content: AsyncIterable<Uint8Array>,
	name: string,
	decided: boolean | undefined,
): Promise<{ compress: boolean; content: AsyncIterable<Uint8Array> }> {
	if (decided !== undefined) return { compress: decided, content };
	if (TEXT.test(name)) return { compress: true, content };
	if (PACKED.test(name)) return { compress: false, content };
	const iterator = content[Symbol.asyncIterator]();
	let step = await iterator.next();
	while (step.done !== true && step.value.length === 0) step = await iterator.next();
	if (step.done === true) return { compress: true, content: rest(undefined, iterator) };
	return { compress: await isCompressible(step.value), content: rest(step.value, iterator) };
}

/** Trying costs half a millisecond for each file: what is plainly as random as can be, past its head, is not tried. */
async function isCompressible(first: Uint8Array): Promise<boolean> {
	if (first.length >= TELLING_BYTES && entropyBits(first.subarray(-TELLING_BYTES)) > RANDOM_BITS) return false;
	const sample = first.subarray(0, SAMPLE_BYTES);
	// The window need not reach over more than the sample.
	const packed = await deflateAsync(sample, { level: 1, windowBits: 14, memLevel: 6 });
	return packed.length < sample.length * WORTHWHILE;
}

/** Shannon's entropy of the bytes, by how often each occurs: 8 bits a byte at most. */
function entropyBits(sample: Uint8Array): number {
	const counts = new Uint32Array(256);
	for (let index = 0; index < sample.length; index++) {
		const byte = sample[index] ?? 0;
		counts[byte] = (counts[byte] ?? 0) + 1;
	}
	let bits = 0;
	for (const count of counts) if (count > 0) bits -= (count / sample.length) * Math.log2(count / sample.length);
	return bits;
}

async function* rest(first: Uint8Array | undefined, iterator: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
	try {
		if (first) yield first;
		for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value;
	} finally {
		await iterator.return?.();
	}
}
