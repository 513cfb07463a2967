import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ByteRange, Store, StoreFile } from '../../nodes/M365Backup/stores/store';

let collectGarbage: (() => void) | undefined;

/** After a collection, so that it is what is held, not what is waiting to be freed. */
export function memoryInUse(): number {
	if (collectGarbage === undefined) {
		setFlagsFromString('--expose-gc');
		collectGarbage = runInNewContext('gc') as () => void;
	}
	collectGarbage();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

export async function* bytes(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
	for (const chunk of chunks) {
		await Promise.resolve();
		yield chunk;
	}
}

export function text(...parts: string[]): AsyncGenerator<Uint8Array> {
	return bytes(...parts.map((part) => Buffer.from(part)));
}

/** Fresh chunks of 64 KiB that all differ. */
export async function* generated(sizeBytes: number, watch?: (offset: number) => void): AsyncGenerator<Uint8Array> {
	for (let offset = 0; offset < sizeBytes; offset += 65_536) {
		watch?.(offset);
		const chunk = Buffer.alloc(Math.min(65_536, sizeBytes - offset), offset / 65_536);
		if (chunk.length >= 4) chunk.writeUInt32LE(offset);
		yield chunk;
	}
}

export async function* broken(afterChunks: number, error: unknown): AsyncGenerator<Uint8Array> {
	for (let index = 0; index < afterChunks; index += 1) yield Buffer.alloc(20_000, index);
	throw error;
}

/** Yields the chunks and then waits until it is released. */
export function gated(...chunks: Buffer[]): { source: AsyncIterable<Uint8Array>; firstTaken: Promise<void>; release(): void } {
	let release = (): void => undefined;
	let taken = (): void => undefined;
	const released = new Promise<void>((resolve) => (release = resolve));
	const firstTaken = new Promise<void>((resolve) => (taken = resolve));
	async function* source(): AsyncGenerator<Uint8Array> {
		for (const chunk of chunks) yield chunk;
		taken();
		await released;
	}
	return { source: source(), firstTaken, release: () => release() };
}

export async function readBytes(store: Store, key: string, range?: ByteRange): Promise<Buffer> {
	const content = await store.get(key, range);
	if (content === null) throw new Error(`${key} is missing`);
	const parts: Uint8Array[] = [];
	for await (const chunk of content) parts.push(chunk);
	return Buffer.concat(parts);
}

export async function readText(store: Store, key: string): Promise<string> {
	return (await readBytes(store, key)).toString('utf8');
}

export async function listed(store: Store, prefix: string, signal?: AbortSignal): Promise<StoreFile[]> {
	const files = [];
	for await (const file of store.list(prefix, signal)) files.push(file);
	return files;
}

export async function keys(store: Store, prefix: string): Promise<string[]> {
	return (await listed(store, prefix)).map(({ key }) => key).sort();
}
