import { isFailure, toFailure } from '../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../restorer';
import { ExchangeImport } from './exchange/exchange-import';
import { graphIdOf } from './mail-context';
import type { MailboxRestorerOptions } from './mailbox-options';
import { FolderMarkers } from './restore/folder-markers';
import { inFlight } from '../in-flight';
import { findLiving } from './restore/living-message';
import { partRestorer } from './restore/part-restorer';
import { planMessage } from './restore/plan-message';
import type { RestoreContext } from './restore/restore-context';
import { stopIfCancelled } from './restore/restore-context';
import type { PlannedMessage } from './restore/restore-message';
import { carryOut, failed, previewOutcome } from './restore/restore-message';
import type { TargetFolder } from './restore/target-folders';
import { TargetFolders } from './restore/target-folders';

/** Messages planned together: their look-ups go in batches of twenty, their folders are read once. */
const PLANNED_TOGETHER = 60;

/** Graph works on four requests of one mailbox at a time (throttling-limits, Outlook). */
const IN_FLIGHT = 4;

/** Gives one mailbox its mail back. See DESIGN §6: restore markers, never notifies, fidelity. */
export function mailRestorer(options: MailboxRestorerOptions): Restorer {
	return partRestorer(options, ['folder', 'message'], restoreMail);
}

async function* restoreMail(base: RestoreContext, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const context: RestoreContext = { ...base, ...(request.held ? { held: request.held } : {}) };
	if (!request.preview) context.exchange = new ExchangeImport(context);
	const news: RestoreOutcome[] = [];
	const report = (outcome: RestoreOutcome): number => news.push(outcome);
	const folders = new TargetFolders({ context, ...pick(request), report });
	const markers = new FolderMarkers(context);
	const planner = new Planner(context, request, folders, markers, report);

	yield* planner.selectedFolders(news);
	const work = (planned: PlannedMessage): Promise<RestoreOutcome> =>
		request.preview ? Promise.resolve(previewOutcome(planned)) : carryOut(context, markers, planned);
	for await (const outcome of inFlight(planner.plans(), IN_FLIGHT, work)) {
		yield* news.splice(0);
		yield outcome;
	}
	yield* news.splice(0);
}

function pick(request: RestoreRequest): Pick<RestoreRequest, 'folders' | 'destination' | 'preview'> {
	return { folders: request.folders, destination: request.destination, preview: request.preview };
}

/** Decides for message after message, a few dozen at a time, what is to be done. Preview and restore share it. */
class Planner {
	constructor(
		private readonly context: RestoreContext,
		private readonly request: RestoreRequest,
		private readonly folders: TargetFolders,
		private readonly markers: FolderMarkers,
		private readonly report: (outcome: RestoreOutcome) => void,
	) {}

	/** Folders that were selected themselves, parents first; a folder that cannot be made fails here and for its messages. */
	async *selectedFolders(news: RestoreOutcome[]): AsyncGenerator<RestoreOutcome> {
		const selected = [...this.request.selectedFolders];
		await this.folders.prefetch(selected);
		for (const id of selected) {
			const folder = this.request.folders.get(id);
			if (!folder) continue;
			// An empty Outbox and its kin are Exchange's own: where they are missing, copies of them are no help.
			if (typeof folder.meta['role'] === 'string' || this.folders.isRecoverable(folder)) continue;
			stopIfCancelled(this.context);
			try {
				await this.folders.target(id);
			} catch (error) {
				const failure = toFailure(error);
				if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
				yield failed({ ...folder, type: 'folder' }, [], failure);
			}
			yield* news.splice(0);
		}
	}

	async *plans(): AsyncGenerator<PlannedMessage> {
		let together: RestorableItem[] = [];
		for await (const item of this.request.items) {
			stopIfCancelled(this.context);
			together.push(item);
			if (together.length < PLANNED_TOGETHER) continue;
			yield* this.planTogether(together);
			together = [];
		}
		yield* this.planTogether(together);
	}

	private async *planTogether(items: readonly RestorableItem[]): AsyncGenerator<PlannedMessage> {
		const { conflictPolicy: policy } = this.request;
		const placed = await this.place(items);
		const looksForOriginals =
			this.context.isOriginalMailbox && this.request.destination.kind === 'original' && policy !== 'keepBoth';
		const wanted: string[] = [];
		for (const { item, marker } of placed) {
			if (marker && policy === 'replace') wanted.push(marker.id);
			if (looksForOriginals && (!marker || policy === 'replace')) wanted.push(graphIdOf(item.id));
		}
		const living = await findLiving(this.context, wanted);
		for (const { item, target, marker } of placed) {
			const plan = planMessage({
				item,
				target,
				policy,
				marker,
				...(marker ? { marked: living.get(marker.id) } : {}),
				...(looksForOriginals ? { original: living.get(graphIdOf(item.id)) } : {}),
			});
			yield { item, target, plan };
		}
	}

	/** Each message with its folder and its marker; those whose folder fails are reported and left out. */
	private async place(
		items: readonly RestorableItem[],
	): Promise<{ item: RestorableItem; target: TargetFolder; marker: { id: string; state: 'open' | 'done' } | undefined }[]> {
		const folderIds = new Set(items.map((item) => item.parent).filter((id) => id !== undefined));
		await this.folders.prefetch([...folderIds]);
		const placed = [];
		for (const item of items) {
			try {
				const target = await this.folders.target(item.parent);
				if (target.id !== null && target.isNew) this.markers.isEmpty(target.id);
				const marker = target.id === null ? undefined : (await this.markers.of(target.id)).get(item.markerKey);
				placed.push({ item, target, marker });
			} catch (error) {
				const failure = toFailure(error);
				if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
				this.report(failed(item, [], failure));
			}
		}
		return placed;
	}
}

/** Nothing can go on without the mailbox itself. */
export function isWithoutMailbox(error: unknown): boolean {
	return isFailure(error, 'notFound') && /mailboxnot|invaliduser|nonexistentmailbox|resourcenotfound/i.test(error.code ?? '');
}
