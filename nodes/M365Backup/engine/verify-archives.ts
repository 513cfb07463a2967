import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFailure } from '../base/failure';
import type { EvictedFile } from '../repository/evicted';
import type { ContentRef, FileRef, SnapshotRecord } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { DamageList } from './damage';
import { measure } from './proven-content';

const PARALLEL_READS = 8;

/** Archives that copies hold in the repository's stead: only reading them back (Import Files) proves these. */
export interface HeldElsewhere {
	archives: number;
	bytes: number;
	/** The copies' names. */
	targets: string[];
}

interface ExpectedArchive {
	ref: FileRef;
	snapshots: Set<string>;
	/**
	 * `damaged`: it is there, but not as it was written; each of its contents is then looked at by itself. `elsewhere`: a copy
	 * holds it in the repository's stead.
	 */
	state: 'sound' | 'damaged' | 'missing' | 'elsewhere';
	/** It is to be read to the last byte. */
	isChosen: boolean;
	/** Offsets of contents that were read and found right, and what was said of them: a forged line may say otherwise. */
	proven: Map<number, number>;
	/** Contents that cannot be had, as `saidOf` tells them. */
	lost: Set<string>;
}

/** Verifies the archives of one source, and finds out whose contents are lost by their damage. */
export class ArchiveVerification {
	provenContents = 0;
	private readonly archives = new Map<string, ExpectedArchive>();

	constructor(
		private readonly repository: Repository,
		private readonly key: string,
		private readonly sizes: ReadonlyMap<string, number>,
		/** What copies hold in the repository's stead. */
		private readonly evicted: ReadonlyMap<string, EvictedFile>,
		private readonly options: { deep: boolean; share: number; damage: DamageList; signal: AbortSignal | undefined },
	) {}

	/** A record names this archive for that snapshot. Contradicting records are found by the size or hash that is not there. */
	expect(ref: FileRef, snapshotId: string): void {
		const known = this.archives.get(ref.name);
		if (known !== undefined) {
			known.snapshots.add(snapshotId);
			return;
		}
		const size = this.sizes.get(ref.name);
		const state = size === undefined ? this.stateOfAbsent(ref) : size === ref.size ? 'sound' : 'damaged';
		const { deep, share } = this.options;
		const isChosen = deep && this.repository.ambient.random() < share;
		this.archives.set(ref.name, { ref, snapshots: new Set([snapshotId]), state, isChosen, proven: new Map(), lost: new Set() });
	}

	count(): { count: number; read: number } {
		const all = [...this.archives.values()];
		return { count: all.length, read: all.filter(({ isChosen, state }) => isChosen && state === 'sound').length };
	}

	/** Archives that copies alone hold. */
	elsewhere(): HeldElsewhere {
		const found: HeldElsewhere = { archives: 0, bytes: 0, targets: [] };
		for (const { ref, state } of this.archives.values()) {
			if (state !== 'elsewhere') continue;
			found.archives += 1;
			found.bytes += ref.size;
			for (const target of this.evicted.get(ref.name)?.targets ?? []) if (!found.targets.includes(target)) found.targets.push(target);
		}
		return found;
	}

	private stateOfAbsent(ref: FileRef): ExpectedArchive['state'] {
		const evicted = this.evicted.get(ref.name);
		return evicted?.size === ref.size && evicted.sha256 === ref.sha256 ? 'elsewhere' : 'missing';
	}

	names(): Iterable<string> {
		return this.archives.keys();
	}

	/** Contents that catalog lines point to, several at a time: in a bucket each one takes a round trip. */
	async checkAll(contents: readonly ContentRef[]): Promise<void> {
		const left = contents.values();
		const worker = async (): Promise<void> => {
			for (const content of left) await this.check(content);
		};
		await Promise.all(Array.from({ length: PARALLEL_READS }, worker));
	}

	/** Read only if its archive was chosen, or if something is wrong with it. */
	private async check(content: ContentRef): Promise<void> {
		const archive = this.archives.get(content.archive);
		if (archive === undefined || archive.state === 'missing' || archive.state === 'elsewhere') return;
		if (archive.isChosen || archive.state === 'damaged') await this.prove(archive, content);
	}

	/** After all catalog lines: whole files, and then the items that are lost by what was found. */
	async finish(snapshots: readonly SnapshotRecord[]): Promise<void> {
		for (const archive of this.archives.values()) await this.checkFile(archive);
		for (const snapshot of snapshots) await this.findLost(snapshot);
	}

	private async checkFile(archive: ExpectedArchive): Promise<void> {
		const { ref, snapshots, state } = archive;
		const report = (reason: string): void => this.options.damage.add(this.path(ref.name), reason, snapshots);
		if (state === 'missing') report('it is missing');
		else if (state === 'damaged') report(`it has ${this.sizes.get(ref.name) ?? 0} bytes instead of ${ref.size}`);
		else if (archive.lost.size > 0) report(`${archive.lost.size} of its contents are not what they were`);
		if (!archive.isChosen || state !== 'sound') return;
		const content = await this.repository.stored.get(this.path(ref.name), undefined, this.options.signal);
		const measured = content === null ? undefined : await measure(content);
		if (measured?.sha256 !== ref.sha256) report('its SHA-256 is wrong');
	}

	private async prove(archive: ExpectedArchive, content: ContentRef): Promise<void> {
		const { proven, lost } = archive;
		const said = saidOf(content);
		if (proven.get(content.offset) === fingerprint(said) || lost.has(said)) return;
		try {
			let sizeBytes = 0;
			for await (const chunk of this.repository.readContent(this.key, content, this.options.signal)) sizeBytes += chunk.length;
			// Read twice at the same time: it counts once.
			if (sizeBytes === content.size && proven.get(content.offset) !== fingerprint(said)) {
				if (!proven.has(content.offset)) proven.set(content.offset, fingerprint(said));
				this.provenContents += 1;
			}
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			lost.add(said);
		}
	}

	private async findLost(snapshot: SnapshotRecord): Promise<void> {
		const affected = [...this.archives.values()].some(
			(archive) => archive.snapshots.has(snapshot.id) && (archive.state === 'missing' || archive.lost.size > 0),
		);
		if (!affected) return;
		const { damage, signal } = this.options;
		// A damaged catalog cannot be walked; that everything in it counts as lost is said there.
		if (snapshot.segments.some(({ name }) => damage.has(this.path(name)))) return;
		let walked = 0;
		for await (const { id, type, name, content } of this.repository.catalog(snapshot).entries({ signal })) {
			walked += 1;
			if (walked % 500 === 0) await nextTurn();
			for (const ref of content ?? []) {
				const archive = this.archives.get(ref.archive);
				const isLost = archive !== undefined && (archive.state === 'missing' || archive.lost.has(saidOf(ref)));
				if (isLost) damage.addItem(this.path(ref.archive), { id, type, name }, snapshot.id);
			}
		}
	}

	private path(name: string): string {
		return `${this.key}/${name}`;
	}
}

function saidOf({ offset, length, size, sha256, entry }: ContentRef): string {
	return JSON.stringify([offset, length, size, sha256, entry]);
}

/** 48 bits: there may be millions of contents. */
function fingerprint(text: string): number {
	return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}
