import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';

const deflateAsync = promisify(deflateRaw);

const SAMPLE_BYTES = 16 * 1024;
const WORTHWHILE = 0.95;
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
	const step = await iterator.next();
	if (step.done === true) return { compress: true, content: rest(undefined, iterator) };
	const sample = step.value.subarray(0, SAMPLE_BYTES);
	const packed = await deflateAsync(sample, { level: 1 });
	return { compress: packed.length < sample.length * WORTHWHILE, content: rest(step.value, iterator) };
}

async function* rest(first: Uint8Array | undefined, iterator: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
	try {
		if (first) yield first;
		for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value;
	} finally {
		await iterator.return?.();
	}
}
