import { createHash } from 'node:crypto';
import { Failure, isFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { entryName } from '../repository/names';
import type { CatalogEntry, ContentRef } from '../repository/records';
import type { RunWriter } from '../repository/run-writer';
import { COMPARE_BYTES } from '../repository/volumes';
import type { Fetched, ItemChange } from '../workloads/workload';
import type { SameContents } from './same-contents';
import { watched } from './watched-content';

/**
 * What an answer made of its item: more is to come, it could not be read, it never will be, or all its contents stand in
 * the archive.
 */
export type Taken =
	| 'more'
	/** It is not what it probably was, and has been read: ask for it once more, without `sameAs`. */
	| 'again'
	| { failure: Failure }
	| { skipped: string; meta: JsonObject; warning?: string }
	| { refs: ContentRef[]; meta: JsonObject; warning?: string };

/** Stores the contents of items as they come, and holds their references until an item is whole. */
export class GatheredContents {
	private readonly gathered = new Map<string, ContentRef[]>();

	constructor(
		private readonly writer: Pick<RunWriter, 'addContent'>,
		private readonly same: Pick<SameContents, 'find'>,
		private readonly signal: AbortSignal,
	) {}

	/** Throws what the store says, and `cancelled`; what concerns the item alone is returned. */
	async take(change: ItemChange, prior: CatalogEntry | null, fetched: Fetched): Promise<Taken> {
		if ('failure' in fetched) {
			if (isFailure(fetched.failure, 'cancelled')) throw fetched.failure;
			return { failure: fetched.failure };
		}
		if ('skipped' in fetched) {
			this.gathered.delete(change.id);
			return { skipped: fetched.skipped, ...extras(change, fetched) };
		}
		const refs = this.gathered.get(change.id) ?? [];
		if ('content' in fetched || 'kept' in fetched) {
			const stored = 'kept' in fetched ? keep(prior, fetched.kept) : await this.store(change, prior, fetched);
			if (stored === 'again' || 'failure' in stored) return stored;
			refs.push(stored.ref);
			if (fetched.more) {
				this.gathered.set(change.id, refs);
				return 'more';
			}
		}
		this.gathered.delete(change.id);
		if (refs[0] === undefined || refs[0].part !== undefined) {
			return { failure: new Failure('transient', 'Microsoft gave no content for this item') };
		}
		if (!('end' in fetched)) return { refs, meta: change.meta };
		return { refs, ...extras(change, fetched) };
	}

	private async store(
		change: ItemChange,
		prior: CatalogEntry | null,
		fetched: Extract<Fetched, { content: unknown }>,
	): Promise<{ ref: ContentRef } | { failure: Failure } | 'again'> {
		const request = change.fetch;
		if (!request) throw new Failure('defect', `Content came for ${change.id}, which had not been asked for`);
		const { part } = fetched;
		const read = watched(fetched.content);
		const known = (prior?.content ?? []).filter((ref) => ref.part === part?.name);
		const named = part
			? { ...request, title: part.title, extension: part.extension, version: `${request.version}\n${part.name}` }
			: request;
		try {
			const same = part === undefined && request.sameAs !== undefined ? await this.same.find(request.sameAs) : undefined;
			// Too large to be held back until it is compared: read for its hash alone, and most surely never again.
			if (same && same.size > COMPARE_BYTES) return (await isSame(read.content, same)) ? { ref: same } : 'again';
			const ref = await this.writer.addContent({
				entryName: entryName(named),
				...(change.modified === undefined ? {} : { modified: new Date(change.modified) }),
				content: read.content,
				sizeBytes: fetched.sizeBytes,
				known: same ? [...known, same] : known,
			});
			return { ref: part ? { ...ref, part: part.name } : ref };
		} catch (error) {
			if (read.failure === undefined || this.signal.aborted) throw error;
			return { failure: read.failure };
		}
	}
}

async function isSame(content: AsyncIterable<Uint8Array>, { size, sha256 }: ContentRef): Promise<boolean> {
	const hash = createHash('sha256');
	let sizeBytes = 0;
	for await (const chunk of content) {
		sizeBytes += chunk.length;
		if (sizeBytes > size) return false;
		hash.update(chunk);
	}
	return sizeBytes === size && hash.digest('hex') === sha256;
}

function extras(change: ItemChange, { meta, warning }: { meta?: JsonObject; warning?: string }): { meta: JsonObject; warning?: string } {
	return { meta: meta ? { ...change.meta, ...meta } : change.meta, ...(warning === undefined ? {} : { warning }) };
}

function keep(prior: CatalogEntry | null, { part, as }: { part?: string; as?: string }): { ref: ContentRef } | { failure: Failure } {
	const ref = prior?.content?.find((one) => one.part === part);
	if (!ref) return { failure: new Failure('transient', 'What was stored of this item is not in the backup any more') };
	return { ref: as === undefined ? ref : { ...ref, part: as } };
}
