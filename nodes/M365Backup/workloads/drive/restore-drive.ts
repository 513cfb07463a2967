import type { Ambient } from '../../base/ambient';
import { isFailure, toFailure, type Failure } from '../../base/failure';
import type { GraphClient } from '../../graph/client';
import { inFlight } from '../in-flight';
import { inTurn } from '../restore-turns';
import { scopeOf } from '../scope-of';
import type { RestorableFolder, RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../restorer';
import { graphIdOf, signalOf, stopIfCancelled, type DriveContext } from './restore/drive-context';
import { refusalOf } from './restore/drive-failure';
import { DriveView } from './restore/drive-view';
import { PreviewWriter, RealWriter } from './restore/drive-writer';
import { Places } from './restore/places';
import { blockerOf, decideFile, failed, type FileWork, type PlannedFile } from './restore/restore-file';
import type { RestoreRun } from './restore/restore-run';
import { shareAgain } from './restore/restore-sharing';
import { TargetFolders, type TargetFolder } from './restore/target-folders';

export interface DriveRestorerOptions {
	graph: GraphClient;
	/** The drive that is restored into: `b!…` */
	driveId: string;
	ambient: Ambient;
	/** Whose backup it is: of a drive, or of the site that a library belongs to. */
	source: { id: string; tenantId: string };
	/** Of the target; the source's if absent. */
	tenantId?: string;
	/** Give permissions and sharing links back, never with invitations. */
	permissions?: boolean;
	/** The drive that a scope was backed up from: only in that one its living originals are looked for. The source's id for the scope `drive` if absent. */
	originalDriveOf?: (scope: string) => string | undefined;
	/** Id of the container that stands for the drive's root in a scope. */
	topOf?: (scope: string) => string | undefined;
	/** Whoever asks sets what files have in the columns of their library; otherwise each result says that they are left out. */
	setsColumns?: boolean;
}

/** Files planned together: what stands there is read for all of them at once. */
const PLANNED_TOGETHER = 100;
/** As many as the governor lets into SharePoint at a time. */
const IN_FLIGHT = 8;
/** From so many folders on, one reading of the whole drive costs less than listing them. */
const MANY_FOLDERS = 25;

/** Gives one drive its files and folders back. See DESIGN §6: restore markers, never notifies, fidelity. */
export function driveRestorer(options: DriveRestorerOptions): Restorer {
	const place = `${options.tenantId ?? options.source.tenantId}/drive/${options.driveId}`;
	return {
		types: ['folder', 'file'],
		restore: (request) => (request.preview ? restoreDrive(options, request) : inTurn(place, request.signal, () => restoreDrive(options, request))),
	};
}

async function* restoreDrive(options: DriveRestorerOptions, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const news: RestoreOutcome[] = [];
	const run = runOf(options, request, (outcome) => news.push(outcome));
	await run.view.root();
	if (request.destination.kind === 'original' && request.selectedFolders.size >= MANY_FOLDERS) await run.view.readAll();
	yield* selectedFolders(run, request, news);
	for await (const outcome of inFlight(decisions(run, request), IN_FLIGHT, async (work: FileWork) => await work())) {
		yield* news.splice(0);
		yield outcome;
	}
	yield* news.splice(0);
}

function runOf(options: DriveRestorerOptions, request: RestoreRequest, report: (outcome: RestoreOutcome) => void): RestoreRun {
	const isOriginalTenant = (options.tenantId ?? options.source.tenantId) === options.source.tenantId;
	const originalDriveOf = options.originalDriveOf ?? ((scope: string) => (scope === 'drive' ? options.source.id : undefined));
	const context: DriveContext = {
		graph: options.graph,
		ambient: options.ambient,
		driveId: options.driveId,
		drivePath: `/drives/${encodeURIComponent(options.driveId)}`,
		isOriginalDrive: (scope) => isOriginalTenant && originalDriveOf(scope) === options.driveId,
		topOf: options.topOf ?? (() => undefined),
		setsColumns: options.setsColumns === true,
		...(request.signal ? { signal: request.signal } : {}),
	};
	const { conflictPolicy: policy, destination } = request;
	const view = new DriveView(context);
	const writer = request.preview ? new PreviewWriter(rewritesFiles(context)) : new RealWriter(context);
	const places = new Places(context, view, writer);
	const share: RestoreRun['share'] = async (item, living, isNew) =>
		options.permissions === true ? await shareAgain(context, writer, item.meta, living, isNew) : [];
	const folders = new TargetFolders({ context, view, places, writer, folders: request.folders, selected: request.selectedFolders, destination, policy, report, share });
	return {
		context,
		view,
		places,
		writer,
		folders,
		policy,
		looksForOriginal: ({ id }) => destination.kind === 'original' && context.isOriginalDrive(scopeOf(id)),
		isHeldAsOther: async (item, there) => {
			const scope = scopeOf(item.id);
			if (!request.held || !context.isOriginalDrive(scope)) return false;
			return (await request.held([`${scope}/${there.id}`])).size > 0;
		},
		share,
	};
}

/** SharePoint writes properties into files of libraries (onedrive-api-docs#935); asked once, where a preview needs it. */
function rewritesFiles(context: DriveContext): () => Promise<boolean> {
	let asked: Promise<boolean> | undefined;
	return () =>
		(asked ??= context.graph
			.json<{ driveType?: string }>({ path: `${context.drivePath}?$select=id,driveType`, ...signalOf(context) })
			.then(({ driveType }) => driveType === 'documentLibrary'));
}

/** Folders that were selected themselves, parents first; one that cannot be made fails here and for its files. */
async function* selectedFolders(run: RestoreRun, request: RestoreRequest, news: RestoreOutcome[]): AsyncGenerator<RestoreOutcome> {
	for (const level of levelsOf(request)) {
		await run.folders.prefetch(level.map(({ id }) => id));
		const work = async (folder: RestorableFolder): Promise<RestoreOutcome | undefined> => {
			stopIfCancelled(run.context);
			try {
				await run.folders.target(folder.id);
				return undefined;
			} catch (error) {
				return failed({ ...folder, type: 'folder' }, [], ownFailure(error));
			}
		};
		// Under replace, folders change places with one another: one after the other.
		for await (const outcome of inFlight(streamOf(level), request.conflictPolicy === 'replace' ? 1 : IN_FLIGHT, work)) {
			yield* news.splice(0);
			if (outcome) yield outcome;
		}
	}
}

/** The selected folders by their depth. */
function levelsOf(request: RestoreRequest): RestorableFolder[][] {
	const levels = new Map<number, RestorableFolder[]>();
	const depthOf = (folder: RestorableFolder): number => {
		let depth = 0;
		// A ring in a damaged catalog ends somewhere.
		for (let at = folder.parent; at !== undefined && depth < request.folders.size; at = request.folders.get(at)?.parent) depth += 1;
		return depth;
	};
	for (const id of request.selectedFolders) {
		const folder = request.folders.get(id);
		if (!folder) continue;
		const depth = depthOf(folder);
		const level = levels.get(depth);
		if (level) level.push(folder);
		else levels.set(depth, [folder]);
	}
	return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
	yield* await Promise.resolve(items);
}

/** One after the other; each is begun before the next one is decided. */
async function* decisions(run: RestoreRun, request: RestoreRequest): AsyncGenerator<FileWork> {
	let together: RestorableItem[] = [];
	for await (const item of request.items) {
		stopIfCancelled(run.context);
		together.push(item);
		if (together.length < PLANNED_TOGETHER) continue;
		yield* decideTogether(run, together);
		together = [];
	}
	yield* decideTogether(run, together);
}

/** Each file with its folder; what stands there is read for all of them together. */
async function* decideTogether(run: RestoreRun, items: readonly RestorableItem[]): AsyncGenerator<FileWork> {
	await run.folders.prefetch([...new Set(items.map(({ parent }) => parent).filter((id) => id !== undefined))]);
	const planned: PlannedFile[] = [];
	const byFolder = new Map<string, { target: TargetFolder; names: string[] }>();
	for (const item of items) {
		try {
			const target = await run.folders.target(item.parent);
			const folder = byFolder.get(target.id) ?? { target, names: [] };
			byFolder.set(target.id, folder);
			folder.names.push(item.name);
			planned.push({ item, target });
		} catch (error) {
			planned.push({ item, failure: ownFailure(error) });
		}
	}
	run.view.trim(new Set(byFolder.keys()));
	for (const { target, names } of byFolder.values()) await readAhead(async () => await run.view.readNames(target.id, names));
	await readAhead(async () => await run.view.readItems(items.filter((item) => run.looksForOriginal(item)).map(({ id }) => graphIdOf(id))));
	for (const one of blockersFirst(run, planned)) yield await decideFile(run, one);
}

/** A file whose name another one has comes after that: it may be free by then. Of those that block one another, any is first. */
function blockersFirst(run: RestoreRun, planned: readonly PlannedFile[]): PlannedFile[] {
	const waiting = new Map<string, { one: PlannedFile; blocker: string }>();
	const ordered: PlannedFile[] = [];
	for (const one of planned) {
		const blocker = 'target' in one ? blockerOf(run, one) : undefined;
		const id = graphIdOf(one.item.id);
		if (blocker === undefined || waiting.has(id)) ordered.push(one);
		else waiting.set(id, { one, blocker });
	}
	for (const id of [...waiting.keys()]) {
		const chain: PlannedFile[] = [];
		for (let at: string | undefined = id; at !== undefined; ) {
			const next: { one: PlannedFile; blocker: string } | undefined = waiting.get(at);
			waiting.delete(at);
			if (next) chain.push(next.one);
			at = next?.blocker;
		}
		ordered.push(...chain.reverse());
	}
	return ordered;
}

/** What fails here is asked again, and said, by the file that needs it. */
async function readAhead(read: () => Promise<void>): Promise<void> {
	try {
		await read();
	} catch (error) {
		ownFailure(error);
	}
}

/** @throws what ends the whole restore: cancelled */
function ownFailure(error: unknown): Failure {
	const failure = toFailure(error);
	if (isFailure(failure, 'cancelled')) throw failure;
	return refusalOf(failure);
}
