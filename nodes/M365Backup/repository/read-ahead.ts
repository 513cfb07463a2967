/** The content itself if it is no longer than `maxBytes`, and in any case the same content to be read from its start. */
export async function readAhead(
	source: AsyncIterable<Uint8Array>,
	maxBytes: number,
): Promise<{ all?: Buffer; content: AsyncIterable<Uint8Array> }> {
	const iterator = source[Symbol.asyncIterator]();
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	while (sizeBytes <= maxBytes) {
		const step = await iterator.next();
		if (step.done === true) {
			const all = joined(chunks);
			return { all, content: chain([all]) };
		}
		chunks.push(step.value);
		sizeBytes += step.value.length;
	}
	return { content: chain(chunks, iterator) };
}

function joined(chunks: readonly Uint8Array[]): Buffer {
	const [only] = chunks;
	return only !== undefined && chunks.length === 1 ? Buffer.from(only.buffer, only.byteOffset, only.byteLength) : Buffer.concat(chunks);
}

async function* chain(chunks: readonly Uint8Array[], rest?: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
	try {
		for (const chunk of chunks) {
			await Promise.resolve();
			yield chunk;
		}
		for (let step = await rest?.next(); step && step.done !== true; step = await rest?.next()) yield step.value;
	} finally {
		await rest?.return?.();
	}
}
