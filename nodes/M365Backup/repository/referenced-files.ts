import { Failure } from '../base/failure';
import { evictedFiles, type EvictedFile } from './evicted';
import type { Store } from '../stores/store';
import { listSource } from './snapshot-files';
import type { FileRef } from './records';

/**
 * Proves before a commit that every file it refers to is there, by one listing of the source for the whole run. An archive
 * that a copy holds in the repository's stead is as good as there.
 */
export class ReferencedFiles {
	#sizes: Map<string, number> | undefined;
	#evicted: ReadonlyMap<string, EvictedFile> | undefined;
	readonly #own = new Map<string, number>();

	constructor(
		private readonly store: Store,
		private readonly prefix: string,
	) {}

	/** A file that the store has just confirmed. */
	note(name: string, sizeBytes: number): void {
		this.#own.set(name, sizeBytes);
	}

	/** Makes the next check list the source again, and trust nothing else: it was so long ago that a prune may have been here. */
	forget(): void {
		this.#sizes = undefined;
		this.#evicted = undefined;
		this.#own.clear();
	}

	/** Throws `corrupt`, naming the first file that is missing or has another size. */
	async assertStored(files: readonly (FileRef | string)[], signal?: AbortSignal): Promise<void> {
		for (const file of files) {
			const name = typeof file === 'string' ? file : file.name;
			const stored = this.#own.get(name) ?? (await this.listed(signal)).get(name) ?? (await this.elsewhere(signal)).get(name)?.size;
			if (stored === undefined) throw this.refuse(`${this.prefix}/${name} is missing`);
			if (typeof file !== 'string' && stored !== file.size) {
				throw this.refuse(`${this.prefix}/${name} has ${stored} bytes instead of ${file.size}`);
			}
		}
	}

	private async listed(signal?: AbortSignal): Promise<Map<string, number>> {
		if (!this.#sizes) {
			this.#sizes = new Map();
			for (const [name, file] of await listSource(this.store, this.prefix, signal)) this.#sizes.set(name, file.sizeBytes);
		}
		return this.#sizes;
	}

	/** Asked only where a file is missing: most repositories have all their files. */
	private async elsewhere(signal?: AbortSignal): Promise<ReadonlyMap<string, EvictedFile>> {
		this.#evicted ??= await evictedFiles(this.store, this.prefix, signal);
		return this.#evicted;
	}

	private refuse(what: string): Failure {
		return new Failure('corrupt', `${what} in ${this.store.label}, and the backup would refer to it; nothing was committed`, {
			nextStep:
				'Put the file back from a copy (Repository → Import Files). Without a copy, run the backup once with Full Resync: what the file held is fetched again, as far as it is still in Microsoft 365.',
			code: 'missingFile',
		});
	}
}
