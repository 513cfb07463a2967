import { Failure, isFailure } from '../../../base/failure';
import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../restorer';
import { childPath, graphIdOf, stopIfCancelled } from './drive-context';
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

/** What is decided for one file, still to be done. Never rejects for what concerns this file alone; `cancelled` is thrown. */
export type FileWork = () => Promise<RestoreOutcome>;

type Doing = () => Promise<Done>;

/**
 * Decides what is to be done for one file. Files are decided one after the other, so that each sees what those before
 * it have been given; what they come to is done side by side.
 */
export async function decideFile(run: RestoreRun, planned: PlannedFile): Promise<FileWork> {
	const { item } = planned;
	if ('failure' in planned) {
		const outcome = failed(item, [], planned.failure);
		return () => Promise.resolve(outcome);
	}
	const { target } = planned;
	let doing: Doing;
	try {
		stopIfCancelled(run.context);
		doing = await new FileRestore(run, item, target).decide();
	} catch (error) {
		const outcome = failedOutcome(run, item, target, error);
		return () => Promise.resolve(outcome);
	}
	return async () => {
		try {
			const done = await doing();
			const fidelity = [...(done.fidelity ?? [])];
			if (done.share && done.living) fidelity.push(...(await run.share(item, done.living, done.share === 'new')));
			return outcomeOf(item, [...target.path, done.name], done, fidelity);
		} catch (error) {
			return failedOutcome(run, item, target, error);
		} finally {
			run.view.release([graphIdOf(item.id)]);
		}
	};
}

/** @throws `cancelled` */
function failedOutcome(run: RestoreRun, item: RestorableItem, target: TargetFolder, error: unknown): RestoreOutcome {
	const failure = refusalOf(error);
	stopIfCancelled(run.context);
	if (isFailure(failure, 'cancelled')) throw failure;
	return failed(item, [...target.path, item.name], failure);
}

/**
 * Graph's id of what has the file's name and may go back to its own place in this restore: such files are decided last
 * among those that are planned together, each after what has its name.
 */
export function blockerOf(run: RestoreRun, { item, target }: { item: RestorableItem; target: TargetFolder }): string | undefined {
	if (run.policy !== 'skip' || !run.looksForOriginal(item)) return undefined;
	const there = run.view.child(target.id, item.name);
	return there?.id === graphIdOf(item.id) ? undefined : there?.id;
}

class FileRestore {
	private wanted = '';

	constructor(
		private readonly run: RestoreRun,
		private readonly item: RestorableItem,
		private readonly target: TargetFolder,
	) {}

	async decide(): Promise<Doing> {
		const { view, policy } = this.run;
		const { item, target } = this;
		const wanted = fittingName(item.name, await this.run.folders.roomIn(target));
		if (wanted === undefined) throw pathTooLong(item.name);
		this.wanted = wanted;
		await view.readNames(target.id, [wanted]);
		const original = this.run.looksForOriginal(item) ? await this.run.view.item(graphIdOf(item.id)) : undefined;
		if (policy === 'keepBoth') return await this.copyBeside();
		return original && !original.isFolder ? await this.fromOriginal(original) : await this.byName();
	}

	/** The item itself is alive: it keeps its id, and with it versions and sharing. */
	private async fromOriginal(original: LivingItem): Promise<Doing> {
		const { policy, places, view } = this.run;
		const { item, target, wanted } = this;
		const same = sameContent(item, original, true);
		const isInPlace = original.parentId === target.id;
		const isNamed = original.name === wanted;
		const rewritten = same === 'rewritten' ? [NOTES.rewritten] : [];
		if (isInPlace && (policy === 'skip' || (same && isNamed))) {
			original.claimedBy = item.id;
			const reason = same ? (isNamed ? 'It is in its place, as it was' : 'It is in its place, under another name') : 'It is in its place but was changed since; it was left as it is (Replace would set it back)';
			return doneWith({ kind: 'skipped', name: original.name, living: original, reason, ...(policy === 'replace' ? { share: 'old' } : {}), fidelity: rewritten });
		}
		const setsContent = policy === 'replace' && !same;
		if (setsContent) this.content();
		const reasons: string[] = [];
		let moved: Promise<void> | undefined;
		if (!isInPlace || !isNamed) {
			const oldName = original.name;
			if (view.child(target.id, wanted)) await view.list(target.id);
			const taken = places.take(original, target.id, wanted, policy === 'replace' ? 'aside' : 'beside', item.id);
			moved = taken.moved;
			reasons.push(isInPlace ? `It was renamed back from "${oldName}"` : 'The original was found elsewhere and moved back', ...(taken.note === undefined ? [] : [taken.note]));
		}
		original.claimedBy = item.id;
		if (setsContent) reasons.push('its content was put back as a new version');
		else if (!same) reasons.push('its content was changed since and was left as it is');
		const done: Done = { kind: setsContent || isInPlace ? 'replaced' : 'movedBack', name: original.name, living: original, reason: sentence(reasons), share: 'old' };
		return async () => {
			await moved;
			return { ...done, fidelity: setsContent ? await this.putInto(original) : rewritten };
		};
	}

	/** The item itself is gone, or this is another place: whatever has its name counts. */
	private async byName(): Promise<Doing> {
		const { policy, places, view } = this.run;
		const { item, target, wanted } = this;
		const there = view.child(target.id, wanted);
		if (!there) return (policy === 'skip' ? await this.earlierCopy() : undefined) ?? this.create(wanted, undefined);
		if (there.claimedBy !== undefined && there.claimedBy !== item.id) return await this.beside(OTHER_HAS_ITS_NAME);
		const same = sameContent(item, there, false);
		if (same) return this.isThere(there, same);
		if (there.isFolder || (await this.run.isHeldAsOther(item, there))) {
			if (policy === 'skip') return await this.beside(there.isFolder ? 'A folder has its name' : OTHER_HAS_ITS_NAME);
			this.content();
			await view.list(target.id);
			return this.create(wanted, sentence([places.aside(there)]));
		}
		if (policy === 'replace') this.content();
		there.claimedBy = item.id;
		if (policy === 'skip') {
			return doneWith({ kind: 'skipped', name: there.name, living: there, reason: 'Another file of this name is there; it was left as it is (Replace would set it back, Keep Both put it beside)' });
		}
		const moved = places.whenMoved(there.id);
		return async () => {
			await moved;
			const fidelity = await this.putInto(there);
			return { kind: 'replaced', name: there.name, living: there, reason: 'The file of this name has its content as a new version', fidelity, share: 'old' };
		};
	}

	/** Keep both: a copy, whatever is there. */
	private async copyBeside(): Promise<Doing> {
		const { item, target, wanted } = this;
		const there = this.run.view.child(target.id, wanted);
		if (!there) return (await this.earlierCopy()) ?? this.create(wanted, undefined);
		const isCopy = there.id !== graphIdOf(item.id) && (there.claimedBy === undefined || there.claimedBy === item.id);
		const same = isCopy ? sameContent(item, there, false) : undefined;
		return same ? this.isThere(there, same) : await this.beside(undefined);
	}

	/** Under a name of its own; unless it stands there from an earlier restore. */
	private async beside(reason: string | undefined): Promise<Doing> {
		const { view, places } = this.run;
		const { target, wanted } = this;
		await view.list(target.id);
		return this.copyThere() ?? this.create(places.freeCopyName(target.id, wanted, false, 'restored'), reason);
	}

	/** What had its name in an earlier restore may have gone since, and the copy beside it is what there is. */
	private async earlierCopy(): Promise<Doing | undefined> {
		await this.run.view.listIfSmall(this.target.id);
		return this.copyThere();
	}

	/** A copy that an earlier restore has put beside what had its name then. */
	private copyThere(): Doing | undefined {
		const { item, target, wanted } = this;
		for (const copy of this.run.view.copies(target.id, wanted)) {
			const same = copy.claimedBy === undefined || copy.claimedBy === item.id ? sameContent(item, copy, false) : undefined;
			if (same) return this.isThere(copy, same);
		}
		return undefined;
	}

	private isThere(there: LivingItem, same: 'same' | 'rewritten'): Doing {
		there.claimedBy = this.item.id;
		return doneWith({ kind: 'skipped', name: there.name, living: there, reason: 'It is there already, with this content', share: 'old', fidelity: same === 'rewritten' ? [NOTES.rewritten] : [] });
	}

	private create(name: string, reason: string | undefined): Doing {
		const { view, places } = this.run;
		const { item, target } = this;
		this.content();
		const free = places.whenFree(target.id, name);
		const claim = places.claim(target.id, name, item.id);
		return async () => {
			try {
				await free;
				const uploaded = await this.upload({ folderId: target.id, name });
				const living = { ...uploaded.living, parentId: target.id, claimedBy: item.id };
				view.forget(claim);
				view.made(living);
				return { kind: 'created', name, living, ...(reason === undefined ? {} : { reason }), fidelity: this.fidelity(uploaded, name, true), share: 'new' };
			} catch (error) {
				view.forget(claim);
				const came = isFailure(error, 'conflict') ? await this.whatCame(name) : undefined;
				if (came) return came;
				throw error;
			}
		};
	}

	/** Somebody else, a restore in another process perhaps, has put it there meanwhile. */
	private async whatCame(name: string): Promise<Done | undefined> {
		const { context, view } = this.run;
		try {
			const there = await view.ask(`${childPath(context, this.target.id, name)}:`);
			const same = sameContent(this.item, there, false);
			return same ? await this.isThere(there, same)() : undefined;
		} catch (error) {
			// Gone again: then the conflict is what there is to say.
			if (isFailure(error, 'notFound')) return undefined;
			throw error;
		}
	}

	/** As a new version of a file that is there. */
	private async putInto(there: LivingItem): Promise<string[]> {
		const uploaded = await this.upload({ itemId: there.id });
		const { sizeBytes, cTag, quickXorHash, createdSeconds, modifiedSeconds, isByApp } = uploaded.living;
		this.run.view.changed(there, { sizeBytes, cTag, quickXorHash, createdSeconds, modifiedSeconds, isByApp });
		return this.fidelity(uploaded, there.name, false);
	}

	private async upload(place: UploadPlace): Promise<Uploaded> {
		const { item } = this;
		const { created } = item.meta;
		const dates = { ...(typeof created === 'string' ? { created } : {}), ...(item.modified === undefined ? {} : { modified: item.modified }) };
		return await this.run.writer.upload(place, this.content(), dates);
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
	private fidelity({ living, quickXorHash, datesRefused }: Uploaded, name: string, isNew: boolean): string[] {
		const { item } = this;
		const notes: string[] = [];
		if (isNew && this.wanted !== item.name) notes.push(NOTES.renamed(item.name, name));
		const isEqual = living.quickXorHash === quickXorHash;
		if (!isEqual && living.quickXorHash === undefined && living.sizeBytes === item.content?.sizeBytes) notes.push(NOTES.unverified);
		else if (!isEqual && isRewrittenType(name)) notes.push(NOTES.rewritten);
		else if (!isEqual) {
			throw new Failure('corrupt', 'What stands there now has another checksum than what was sent', { nextStep: 'Run the restore again with Replace. If that happens again, Export the file.' });
		}
		if (datesRefused !== undefined) notes.push(NOTES.datesRefused(datesRefused));
		const versions = item.meta['versions'];
		if (isNew && Array.isArray(versions) && versions.length > 0) notes.push(NOTES.versions(versions.length));
		const columns = this.run.context.setsColumns ? [] : columnsOf(item);
		if (isNew && columns.length > 0) notes.push(NOTES.columns(columns));
		return notes;
	}
}

/** Of a library's file: the names of the columns in which it has something. */
function columnsOf({ meta: { columns } }: RestorableItem): string[] {
	if (typeof columns !== 'object' || columns === null) return [];
	return Object.keys(columns).flatMap((name) => (name === 'ContentType' || name.includes('@') ? [] : [name.replace(/LookupId$/, '')]));
}

function doneWith(done: Done): Doing {
	return () => Promise.resolve(done);
}

function pathTooLong(name: string): Failure {
	return new Failure('invalid', `The path of "${name}" would be longer than ${LONGEST_PATH} characters`, {
		title: `Its path would be longer than the ${LONGEST_PATH} characters that SharePoint takes`,
		nextStep: 'Restore into a folder nearer to the top of the drive.',
	});
}

/** `its content…; what had…` → `Its content…; what had…` */
function sentence(parts: readonly string[]): string {
	const text = parts.join('; ');
	return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function outcomeOf(item: RestorableItem, targetPath: string[], done: Done, fidelity: string[]): RestoreOutcome {
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
