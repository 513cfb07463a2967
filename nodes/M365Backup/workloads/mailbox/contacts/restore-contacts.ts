import { isFailure, toFailure } from '../../../base/failure';
import type { RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../../restorer';
import { graphIdIn, partRootId } from '../mailbox-part';
import type { FoundMarker } from '../restore/folder-markers';
import { FolderMarkers } from '../restore/folder-markers';
import { inFlight } from '../../in-flight';
import { partRestorer } from '../restore/part-restorer';
import type { RestoreContext } from '../restore/restore-context';
import { stopIfCancelled } from '../restore/restore-context';
import { failed } from '../restore/restore-message';
import type { TargetFolder } from '../restore/target-folders';
import { isWithoutMailbox } from '../restore-mail';
import type { MailboxRestorerOptions } from '../mailbox-options';
import { CONTACTS } from './contact-folder-tree';
import { ContactTargets } from './restore/contact-targets';
import { findLivingContacts } from './restore/living-contact';
import { planContact } from './restore/plan-contact';
import type { ContactRestoreParts, PlannedContact } from './restore/restore-contact';
import { carryOutContact, previewContact } from './restore/restore-contact';

/** Contacts planned together: their look-ups go in batches of twenty. */
const PLANNED_TOGETHER = 60;

/** Graph works on four requests of one mailbox at a time (throttling-limits, Outlook). */
const IN_FLIGHT = 4;

/** Gives one mailbox its contacts back. See DESIGN §6: restore markers, never notifies, fidelity. */
export function contactsRestorer(options: MailboxRestorerOptions): Restorer {
	return partRestorer(options, ['folder', 'contact'], restoreContacts);
}

async function* restoreContacts(context: RestoreContext, request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
	const news: RestoreOutcome[] = [];
	const report = (outcome: RestoreOutcome): number => news.push(outcome);
	const { folders, destination, preview } = request;
	const targets = new ContactTargets({ context, folders, destination, preview, report });
	// Filters on named properties are documented for messages and events, not for contacts (singlevaluelegacyextendedproperty-get).
	const markers = new FolderMarkers(context, (id) => targets.itemsPath(id), false);
	const parts = { context, targets, markers };

	yield* selectedFolders(parts, request, news);
	const work = (planned: PlannedContact): Promise<RestoreOutcome> => (preview ? Promise.resolve(previewContact(planned)) : carryOutContact(parts, planned));
	for await (const outcome of inFlight(plans(parts, request, report), IN_FLIGHT, work)) {
		yield* news.splice(0);
		yield outcome;
	}
	yield* news.splice(0);
}

/** Folders that were selected themselves, parents first; a folder that cannot be made fails here and for its contacts. */
async function* selectedFolders({ context, targets }: ContactRestoreParts, request: RestoreRequest, news: RestoreOutcome[]): AsyncGenerator<RestoreOutcome> {
	for (const id of request.selectedFolders) {
		const folder = request.folders.get(id);
		if (!folder || id === partRootId(CONTACTS)) continue;
		stopIfCancelled(context);
		try {
			await targets.target(id);
		} catch (error) {
			yield failed({ ...folder, type: 'folder' }, [], own(error));
		}
		yield* news.splice(0);
	}
}

async function* plans(parts: ContactRestoreParts, request: RestoreRequest, report: (outcome: RestoreOutcome) => void): AsyncGenerator<PlannedContact> {
	let together: RestorableItem[] = [];
	for await (const item of request.items) {
		stopIfCancelled(parts.context);
		together.push(item);
		if (together.length < PLANNED_TOGETHER) continue;
		yield* planTogether(parts, request, together, report);
		together = [];
	}
	yield* planTogether(parts, request, together, report);
}

async function* planTogether(parts: ContactRestoreParts, request: RestoreRequest, items: readonly RestorableItem[], report: (outcome: RestoreOutcome) => void): AsyncGenerator<PlannedContact> {
	const { context } = parts;
	const { conflictPolicy: policy, destination } = request;
	const placed = await place(parts, items, report);
	const looksForOriginals = context.isOriginalMailbox && destination.kind === 'original' && policy !== 'keepBoth';
	const wanted: string[] = [];
	for (const { item, marker } of placed) {
		if (marker && policy === 'replace') wanted.push(marker.id);
		if (looksForOriginals && !marker) wanted.push(graphIdIn(item.id));
	}
	const living = await findLivingContacts(context, wanted);
	for (const { item, target, marker } of placed) {
		stopIfCancelled(context);
		const plan = await planContact({
			context,
			item,
			target,
			policy,
			marker,
			...(marker ? { marked: living.get(marker.id) } : {}),
			...(looksForOriginals && !marker ? { original: living.get(graphIdIn(item.id)) } : {}),
		});
		yield { item, target, plan };
	}
}

interface Placed {
	item: RestorableItem;
	target: TargetFolder;
	marker: FoundMarker | undefined;
}

/** Each contact with its folder and its marker; those whose folder fails are reported and left out. */
async function place({ targets, markers }: ContactRestoreParts, items: readonly RestorableItem[], report: (outcome: RestoreOutcome) => void): Promise<Placed[]> {
	const placed: Placed[] = [];
	for (const item of items) {
		try {
			const target = await targets.target(item.parent);
			if (target.id !== null && target.isNew) markers.isEmpty(target.id);
			const marker = target.id === null ? undefined : (await markers.of(target.id)).get(item.markerKey);
			placed.push({ item, target, marker });
		} catch (error) {
			report(failed(item, [], own(error)));
		}
	}
	return placed;
}

/** What concerns one folder alone; everything else is thrown on. */
function own(error: unknown): ReturnType<typeof toFailure> {
	const failure = toFailure(error);
	if (isFailure(failure, 'cancelled') || isWithoutMailbox(failure)) throw failure;
	return failure;
}
