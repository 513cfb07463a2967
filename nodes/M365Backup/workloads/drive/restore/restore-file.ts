import { Failure, isFailure } from '../../../base/failure';
import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../restorer';
import { graphIdOf, stopIfCancelled } from './drive-context';
import { refusalOf } from './drive-failure';
import { fittingName, isRewrittenType, LONGEST_PATH } from './file-names';
import { NOTES } from './fidelity-notes';
import { isReal } from './folder-view';
import type { LivingItem } from './living-item';
import type { RestoreRun } from './restore-run';
import { sameContent } from './same-file';
import type { TargetFolder } from './target-folders';
import type { Uploaded, UploadPlace } from './upload-content';

/** One file with its folder, or why it has none. */
export type PlannedFile = { item: RestorableItem; target: TargetFolder } | { item: RestorableItem; failure: Failure };

const OTHER_HAS_ITS_NAME = 'Another file of the backup has its name';

interface Done {
	kind: RestoreOutcomeKind;
	/** Name where it stands now. */
	name: string;
	living?: LivingItem;
	reason?: string;
	fidelity?: string[];
	/** Its sharing is to be set back where that was asked for. */
	share?: 'new' | 'old';
}

/** Decides and does what is to be done for one file. Never throws for what concerns this file alone; `cancelled` is thrown. */
export async function restoreFile(run: RestoreRun, planned: PlannedFile): Promise<RestoreOutcome> {
	const { item } = planned;
	if ('failure' in planned) return failed(item, [], planned.failure);
	const { target } = planned;
	try {
		stopIfCancelled(run.context);
		const done = await new FileRestore(run, item, target).run();
		const fidelity = [...(done.fidelity ?? [])];
		if (done.share && done.living) fidelity.push(...(await run.share(item, done.living, done.share === 'new')));
		return outcome(item, [...target.path, done.name], done, fidelity);
	} catch (error) {
		const failure = refusalOf(error);
		stopIfCancelled(run.context);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failed(item, [...target.path, item.name], failure);
	} finally {
		run.view.release([graphIdOf(item.id)]);
	}
}

class FileRestore {
	private wanted = '';

	constructor(
		private readonly run_: RestoreRun,
		private readonly item: RestorableItem,
		private readonly target: TargetFolder,
	) {}

	async run(): Promise<Done> {
		const { view, policy } = this.run_;
		const { item, target } = this;
		const roomChars = await this.run_.folders.roomIn(target);
		const wanted = fittingName(item.name, roomChars);
		if (wanted === undefined) {
			throw new Failure('invalid', `The path of "${item.name}" would be longer than ${LONGEST_PATH} characters`, {
				title: `Its path would be longer than the ${LONGEST_PATH} characters that SharePoint takes`,
				nextStep: 'Restore into a folder nearer to the top of the drive.',
			});
		}
		this.wanted = wanted;
		await view.readNames(target.id, [wanted]);
		const original = this.run_.looksForOriginal(item) ? view.known(graphIdOf(item.id)) : undefined;
		if (isFailure(original)) throw original;
		if (policy === 'keepBoth') return await this.copyBeside();
		return original && !original.isFolder ? await this.fromOriginal(original) : await this.byName();
	}

	/** The item itself is alive: it keeps its id, and with it versions and sharing. */
	private async fromOriginal(original: LivingItem): Promise<Done> {
		const { policy, places } = this.run_;
		const { item, target, wanted } = this;
		const same = sameContent(item, original, true);
		const isInPlace = original.parentId === target.id;
		const isNamed = original.name === wanted;
		if (isInPlace && (policy === 'skip' || (same && isNamed))) {
			original.claimedBy = item.id;
			const reason = same ? (isNamed ? 'It is in its place, as it was' : 'It is in its place, under another name') : 'It is in its place but was changed since; it was left as it is (Replace would set it back)';
			return { kind: 'skipped', name: original.name, living: original, reason, ...(policy === 'replace' ? { share: 'old' } : {}), fidelity: same === 'rewritten' ? [NOTES.rewritten] : [] };
		}
		const setsContent = policy === 'replace' && !same;
		if (setsContent) this.content();
		const reasons: string[] = [];
		const oldName = original.name;
		if (!isInPlace || !isNamed) {
			const note = await places.take(original, target.id, wanted, policy === 'replace' ? 'aside' : 'beside', item.id);
			reasons.push(isInPlace ? `It was renamed back from "${oldName}"` : 'The original was found elsewhere and moved back', ...(note === undefined ? [] : [note]));
		}
		original.claimedBy = item.id;
		if (!setsContent) {
			if (!same) reasons.push('its content was changed since and was left as it is');
			return { kind: isInPlace ? 'replaced' : 'movedBack', name: original.name, living: original, reason: reasons.join('; '), share: 'old', fidelity: same === 'rewritten' ? [NOTES.rewritten] : [] };
		}
		reasons.push('its content was put back as a new version');
		const fidelity = await this.putInto(original);
		return { kind: 'replaced', name: original.name, living: original, reason: sentence(reasons), fidelity, share: 'old' };
	}

	/** The item itself is gone, or this is another place: whatever has its name counts. */
	private async byName(asideNote?: string): Promise<Done> {
		const { policy, places } = this.run_;
		const { item, target, wanted } = this;
		const there = this.run_.view.child(target.id, wanted);
		if (!there) return await this.create(wanted, asideNote);
		if (there.claimedBy !== undefined && there.claimedBy !== item.id) return await this.beside(OTHER_HAS_ITS_NAME);
		const same = sameContent(item, there, false);
		if (same) return this.isThere(there, same);
		const isOtherItem = there.isFolder || (await this.run_.isHeldAsOther(item, there));
		if (isOtherItem) {
			if (policy === 'skip') return await this.beside(there.isFolder ? 'A folder has its name' : OTHER_HAS_ITS_NAME);
			const note = await places.aside(there);
			// Meanwhile it may have gone back to its own place, or another file may have got the name.
			return await this.byName(note === undefined ? asideNote : sentence([note]));
		}
		// While that was asked for, other files have moved on.
		if (this.run_.view.child(target.id, wanted) !== there || (there.claimedBy ?? item.id) !== item.id) return await this.byName(asideNote);
		if (policy === 'skip') {
			there.claimedBy = item.id;
			return { kind: 'skipped', name: there.name, living: there, reason: 'Another file of this name is there; it was left as it is (Replace would set it back, Keep Both put it beside)' };
		}
		this.content();
		there.claimedBy = item.id;
		const fidelity = await this.putInto(there);
		return { kind: 'replaced', name: there.name, living: there, reason: 'The file of this name has its content as a new version', fidelity, share: 'old' };
	}

	/** Keep both: a copy, whatever is there. */
	private async copyBeside(): Promise<Done> {
		const { item, target, wanted } = this;
		const there = this.run_.view.child(target.id, wanted);
		if (!there) return await this.create(wanted, undefined);
		const isCopy = there.id !== graphIdOf(item.id) && (there.claimedBy === undefined || there.claimedBy === item.id);
		const same = isCopy ? sameContent(item, there, false) : undefined;
		if (same) return this.isThere(there, same);
		return await this.beside(undefined);
	}

	/** Under a name of its own; unless it stands there from an earlier restore. */
	private async beside(reason: string | undefined): Promise<Done> {
		const { view, places } = this.run_;
		const { item, target, wanted } = this;
		await view.list(target.id);
		for (const copy of view.copies(target.id, wanted)) {
			const same = copy.claimedBy === undefined || copy.claimedBy === item.id ? sameContent(item, copy, false) : undefined;
			if (same) return this.isThere(copy, same);
		}
		return await this.create(places.freeCopyName(target.id, wanted, false, 'restored'), reason);
	}

	private isThere(there: LivingItem, same: 'same' | 'rewritten'): Done {
		there.claimedBy = this.item.id;
		return { kind: 'skipped', name: there.name, living: there, reason: 'It is there already, with this content', share: 'old', fidelity: same === 'rewritten' ? [NOTES.rewritten] : [] };
	}

	private async create(name: string, reason: string | undefined): Promise<Done> {
		const { view, places } = this.run_;
		const { item, target } = this;
		this.content();
		const claim = places.claim(target.id, name, item.id);
		try {
			await places.whenFree(target.id, name);
			const uploaded = await this.upload({ folderId: target.id, name });
			view.forget(claim);
			const living = { ...uploaded.living, parentId: target.id, claimedBy: item.id };
			view.made(living);
			return { kind: 'created', name, living, ...(reason === undefined ? {} : { reason }), fidelity: this.fidelity(uploaded, name, true), share: 'new' };
		} catch (error) {
			view.forget(claim);
			throw error;
		}
	}

	/** As a new version of a file that is there. */
	private async putInto(there: LivingItem): Promise<string[]> {
		await this.run_.places.whenMoved(there.id);
		const uploaded = await this.upload({ itemId: there.id });
		const { sizeBytes, cTag, quickXorHash, createdSeconds, modifiedSeconds, isByApp } = uploaded.living;
		this.run_.view.changed(there, { sizeBytes, cTag, quickXorHash, createdSeconds, modifiedSeconds, isByApp });
		return this.fidelity(uploaded, there.name, false);
	}

	private async upload(place: UploadPlace): Promise<Uploaded> {
		const { item } = this;
		const { created } = item.meta;
		const dates = { ...(typeof created === 'string' ? { created } : {}), ...(item.modified === undefined ? {} : { modified: item.modified }) };
		return await this.run_.writer.upload(place, this.content(), dates);
	}

	/** @throws Failure `notFound` where the backup has none */
	private content(): NonNullable<RestorableItem['content']> {
		const { item } = this;
		if (item.content) return item.content;
		const { malware, skipped } = item.meta;
		const why = typeof malware === 'string' ? `Microsoft 365 had found malware in it (${malware})` : typeof skipped === 'string' ? skipped : undefined;
		throw new Failure('notFound', `The backup holds no content of this file${why === undefined ? '' : `: ${why}`}`, {
			nextStep: why === undefined ? 'Choose a snapshot in which this file could be read.' : 'It cannot be restored; an older snapshot may hold it.',
		});
	}

	/** What can be verified is verified: size and checksum of what stands there against what was sent. */
	private fidelity({ living, quickXorHash }: Uploaded, name: string, isNew: boolean): string[] {
		const { item } = this;
		const notes: string[] = [];
		if (isNew && name !== item.name && fittingName(item.name, LONGEST_PATH) !== item.name) notes.push(NOTES.renamed(item.name, name));
		if (isNew && this.wanted !== item.name && notes.length === 0) notes.push(NOTES.renamed(item.name, name));
		const isEqual = living.quickXorHash === quickXorHash;
		if (!isEqual && living.quickXorHash === undefined && living.sizeBytes === item.content?.sizeBytes) notes.push(NOTES.unverified);
		else if (!isEqual && isRewrittenType(name)) notes.push(NOTES.rewritten);
		else if (!isEqual) {
			throw new Failure('corrupt', 'What stands there now has another checksum than what was sent', { nextStep: 'Run the restore again with Replace. If that happens again, Export the file.' });
		}
		const versions = item.meta['versions'];
		if (isNew && Array.isArray(versions) && versions.length > 0) notes.push(NOTES.versions(versions.length));
		return notes;
	}
}

/** `its content…; what had…` → `Its content…; what had…` */
function sentence(parts: readonly string[]): string {
	const text = parts.join('; ');
	return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function outcome(item: RestorableItem, targetPath: string[], done: Done, fidelity: string[]): RestoreOutcome {
	const { kind, living, reason } = done;
	return {
		...identity(item),
		outcome: kind,
		targetPath,
		...(living && isReal(living.id) ? { newId: living.id } : {}),
		...(reason === undefined ? {} : { reason }),
		fidelity,
	};
}

function identity({ id, type, name, parent }: Pick<RestorableItem, 'id' | 'type' | 'name' | 'parent'>): Pick<RestoreOutcome, 'id' | 'type' | 'name' | 'parent'> {
	return { id, type, name, ...(parent === undefined ? {} : { parent }) };
}

/** The outcome of a file or folder that could not be restored. */
export function failed(item: Pick<RestorableItem, 'id' | 'type' | 'name' | 'parent'>, targetPath: string[], failure: Failure): RestoreOutcome {
	return {
		...identity(item),
		outcome: 'failed',
		targetPath,
		reason: failure.title ?? failure.message,
		kind: failure.kind,
		...(failure.nextStep === undefined ? {} : { nextStep: failure.nextStep }),
		fidelity: [],
	};
}
