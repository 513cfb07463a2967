import { parseRepositoryKey } from '../repository/names';
import type { Repository } from '../repository/repository';
import { DamageList, type Damage } from './damage';
import type { HeldElsewhere } from './verify-archives';
import { verifyTop } from './verify-top';
import { SourceVerification } from './verify-source';

export type { Damage, LostItem } from './damage';

export interface VerifyOptions {
	/** Also reads and hashes every byte of the archives, and every content in them. As long as reading everything takes. */
	deep?: boolean;
	/** Deep, but only for so many archives, chosen by chance: 0.01 reads each once in a hundred days, if run daily. Default 1. */
	share?: number;
	/** All sources without. */
	sourceKeys?: readonly string[];
	signal?: AbortSignal;
}

export interface VerifyReport {
	/** Nothing is damaged. */
	ok: boolean;
	deep: boolean;
	sources: number;
	snapshots: number;
	/** Files that snapshots need, and how large they are together. */
	files: number;
	bytes: number;
	/** Items in the newest snapshot of each source. */
	items: number;
	/** Contents that were read and proven by their SHA-256, over all snapshots, each once; 0 unless deep. */
	contents: number;
	/** How many archives there are, and how many of them were read to the last byte. */
	archives: { count: number; read: number };
	/** Archives that copies hold in the repository's stead. */
	elsewhere: HeldElsewhere;
	damage: Damage[];
	/** Files that no record names: of a run that is going on or was killed. Harmless. */
	unreferenced: { files: number; bytes: number };
}

/**
 * Proves that what the snapshots promise is there. Always: every record, every byte of the catalogs, that each content
 * lies within an archive that is there in its full size. Deep: every byte. Says exactly which files are damaged or
 * missing and which items of which snapshots are lost by that. Changes nothing. Throws only what is no damage: the
 * store cannot be reached, denied, cancelled.
 */
export async function verifyRepository(repository: Repository, options: VerifyOptions = {}): Promise<VerifyReport> {
	const { deep = false, share = 1, signal } = options;
	const damage = new DamageList();
	const report: VerifyReport = {
		ok: true, deep, sources: 0, snapshots: 0, files: 0, bytes: 0, items: 0, contents: 0, archives: { count: 0, read: 0 }, elsewhere: { archives: 0, bytes: 0, targets: [] }, damage: [], unreferenced: { files: 0, bytes: 0 },
	};
	for (const key of options.sourceKeys ?? (await sourceKeys(repository, signal))) {
		const found = await new SourceVerification(repository, key, { deep, share, damage, signal }).run();
		report.sources += 1;
		report.snapshots += found.snapshots;
		report.files += found.files;
		report.bytes += found.bytes;
		report.items += found.items;
		report.contents += found.contents;
		report.archives.count += found.archives.count;
		report.archives.read += found.archives.read;
		report.elsewhere.archives += found.elsewhere.archives;
		report.elsewhere.bytes += found.elsewhere.bytes;
		report.elsewhere.targets = [...new Set([...report.elsewhere.targets, ...found.elsewhere.targets])].sort();
		report.unreferenced.files += found.unreferenced.files;
		report.unreferenced.bytes += found.unreferenced.bytes;
	}
	await verifyTop(repository, damage, signal);
	report.damage = damage.all().map((one) => ({ ...one, file: repository.nameOf(one.file) }));
	report.ok = report.damage.length === 0;
	return report;
}

/** Also of sources whose every record is damaged or gone. */
async function sourceKeys(repository: Repository, signal?: AbortSignal): Promise<string[]> {
	const keys = new Set<string>();
	for await (const { key } of repository.store.list('', signal)) {
		const { sourceKey } = parseRepositoryKey(key);
		if (sourceKey !== undefined) keys.add(sourceKey);
	}
	return [...keys].sort();
}
