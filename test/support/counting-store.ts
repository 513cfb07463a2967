import type { Store, StoreFile } from '../../nodes/M365Backup/stores/store';

/** What was asked of a store, and how many bytes went through. */
export interface StoreCounts {
	gets: number;
	bytesRead: number;
	lists: number;
	/** Files that the listings named. */
	listed: number;
	puts: number;
	/** What was put. */
	keys: Set<string>;
	bytesWritten: number;
	deleted: number;
}

export const noCounts = (): StoreCounts => ({ gets: 0, bytesRead: 0, lists: 0, listed: 0, puts: 0, keys: new Set(), bytesWritten: 0, deleted: 0 });

/** A store and what is asked of it: `take` answers the counts since it was last called. Bytes count when they are handed over. */
export function countStore(inner: Store): { store: Store; take(): StoreCounts } {
	let counts = noCounts();
	async function* listed(files: AsyncIterable<StoreFile>): AsyncGenerator<StoreFile> {
		for await (const file of files) {
			counts.listed += 1;
			yield file;
		}
	}
	async function* passed(source: AsyncIterable<Uint8Array>, of: 'bytesRead' | 'bytesWritten'): AsyncGenerator<Uint8Array> {
		for await (const chunk of source) {
			counts[of] += chunk.length;
			yield chunk;
		}
	}
	const store: Store = {
		capabilities: inner.capabilities,
		label: inner.label,
		list: (prefix, signal) => {
			counts.lists += 1;
			return listed(inner.list(prefix, signal));
		},
		get: async (key, range, signal) => {
			counts.gets += 1;
			const bytes = await inner.get(key, range, signal);
			return bytes && passed(bytes, 'bytesRead');
		},
		put: async (key, source, options) => {
			counts.puts += 1;
			counts.keys.add(key);
			await inner.put(key, passed(source, 'bytesWritten'), options);
		},
		delete: async (keys, signal) => {
			counts.deleted += keys.length;
			await inner.delete(keys, signal);
		},
	};
	return {
		store,
		take: () => {
			const taken = counts;
			counts = noCounts();
			return taken;
		},
	};
}
