import type { Store, StoreFile } from '../../../nodes/M365Backup/stores/store';

const PAGE_BYTES = 64 * 1024;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

interface SparseFile {
	sizeBytes: number;
	/** Pages that are not all zeros, by number. */
	pages: Map<number, Buffer>;
}

/** A store in memory whose files may be many gigabytes long, as long as nearly all of their bytes are zeros. */
export function createSparseStore(now: () => Date): Store & { pagesOf(key: string): SparseFile } {
	const files = new Map<string, SparseFile>();
	return {
		label: 'sparse memory',
		capabilities: { ifAbsent: true, retainUntil: false, overwriteIsCostly: false },
		async *list(prefix): AsyncGenerator<StoreFile> {
			await Promise.resolve();
			for (const [key, { sizeBytes }] of files) if (key.startsWith(prefix)) yield { key, sizeBytes, modifiedAt: now() };
		},
		get(key, range) {
			const file = files.get(key);
			return Promise.resolve(file ? read(file, range?.offset ?? 0, range?.length ?? file.sizeBytes) : null);
		},
		async put(key, source) {
			const file: SparseFile = { sizeBytes: 0, pages: new Map() };
			for await (const chunk of source) write(file, chunk);
			files.set(key, file);
		},
		delete(keys) {
			for (const key of keys) files.delete(key);
			return Promise.resolve();
		},
		pagesOf: (key) => files.get(key) ?? { sizeBytes: 0, pages: new Map() },
	};
}

function write(file: SparseFile, chunk: Uint8Array): void {
	for (let at = 0; at < chunk.length; ) {
		const [number, within] = [Math.floor(file.sizeBytes / PAGE_BYTES), file.sizeBytes % PAGE_BYTES];
		const part = chunk.subarray(at, at + PAGE_BYTES - within);
		if (Buffer.compare(part, ZERO_PAGE.subarray(0, part.length)) !== 0) {
			const page = file.pages.get(number) ?? Buffer.alloc(PAGE_BYTES);
			page.set(part, within);
			file.pages.set(number, page);
		}
		file.sizeBytes += part.length;
		at += part.length;
	}
}

async function* read(file: SparseFile, offset: number, length: number): AsyncGenerator<Uint8Array> {
	const end = Math.min(file.sizeBytes, offset + length);
	for (let at = offset; at < end; ) {
		const [number, within] = [Math.floor(at / PAGE_BYTES), at % PAGE_BYTES];
		const part = (file.pages.get(number) ?? ZERO_PAGE).subarray(within, Math.min(PAGE_BYTES, within + end - at));
		// Now and then: the test's own clock must go on.
		if (number % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
		yield part;
		at += part.length;
	}
}

export { PAGE_BYTES };
