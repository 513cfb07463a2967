import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../restorer';
import { EXCHANGE_PART } from '../exchange/exchange-export';
import { OTHER_NOTES, SHORTFALL_NOTES } from './fidelity-notes';
import type { FolderMarkers } from './folder-markers';
import type { MessagePlan } from './plan-message';
import type { Rebuilt } from './rebuild-message';
import { completeMessage, isMeeting, rebuildMessage } from './rebuild-message';
import type { RestoreContext } from './restore-context';
import { signalOf, stopIfCancelled } from './restore-context';
import type { TargetFolder } from './target-folders';

/** One message with what is to be done for it. */
export interface PlannedMessage {
	item: RestorableItem;
	target: TargetFolder;
	plan: MessagePlan;
}

/** What a preview says of a plan: the outcome that carrying it out would have. */
export function previewOutcome({ item, target, plan }: PlannedMessage): RestoreOutcome {
	switch (plan.do) {
		case 'nothing':
			return outcome(item, target, plan.outcome, { newId: plan.id, reason: plan.reason });
		case 'moveBack':
			return outcome(item, target, 'movedBack', { newId: plan.id, reason: plan.reason });
		case 'patch':
			return outcome(item, target, 'replaced', { newId: plan.id, reason: plan.reason });
		case 'complete':
			return outcome(item, target, 'created', { newId: plan.id, reason: plan.reason });
		case 'create':
			if (!item.content) return failed(item, target.path, noContent);
			return outcome(item, target, plan.replaces === undefined ? 'created' : 'replaced', {
				...reasonOf(plan.reason),
				fidelity: foreseeable(item),
			});
		case 'fail':
			return failed(item, target.path, plan.failure);
	}
}

/** What the catalog alone tells; the rest shows when the message is rebuilt. */
function foreseeable(item: RestorableItem): string[] {
	if (!isMeeting(item.meta)) return [];
	return item.parts?.has(EXCHANGE_PART) === true ? [OTHER_NOTES.unlessImported] : [SHORTFALL_NOTES.meeting];
}

const noContent = {
	kind: 'notFound',
	message: 'The backup holds no content of this message',
	nextStep: 'Choose a snapshot in which this message could be read',
} as const;

/** Carries a plan out. Never throws for what concerns this message alone; `cancelled` is thrown. */
export async function carryOut(
	context: RestoreContext,
	markers: FolderMarkers,
	planned: PlannedMessage,
): Promise<RestoreOutcome> {
	const { item, target } = planned;
	try {
		stopIfCancelled(context);
		return await act(context, markers, planned);
	} catch (error) {
		const failure = toFailure(error);
		stopIfCancelled(context);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failed(item, target.path, failure);
	}
}

async function act(context: RestoreContext, markers: FolderMarkers, planned: PlannedMessage): Promise<RestoreOutcome> {
	const { item, target, plan } = planned;
	switch (plan.do) {
		case 'nothing':
			await bin(context, plan.replaces);
			return previewOutcome(planned);
		case 'fail':
			return previewOutcome(planned);
		case 'moveBack': {
			const moved = await moveBack(context, plan.id, target);
			if (!moved) return await rebuild(context, markers, planned, 'The original could not be moved back');
			if (plan.patch) await patch(context, plan.id, plan.patch);
			return outcome(item, target, 'movedBack', { newId: plan.id, reason: plan.reason });
		}
		case 'patch':
			await patch(context, plan.id, plan.patch);
			await bin(context, plan.replaces);
			return outcome(item, target, 'replaced', { newId: plan.id, reason: plan.reason });
		case 'complete': {
			const { id, fidelity } = await completeMessage(context, item, plan.id);
			await bin(context, plan.replaces);
			return outcome(item, target, 'created', { newId: id, reason: plan.reason, fidelity });
		}
		case 'create':
			return await rebuild(context, markers, planned, plan.reason);
	}
}

async function rebuild(
	context: RestoreContext,
	markers: FolderMarkers,
	{ item, target, plan }: PlannedMessage,
	reason: string | undefined,
): Promise<RestoreOutcome> {
	const { id, fidelity } = await makeAnew(context, markers, item, folderIdOf(target));
	const replaces = plan.do === 'create' ? plan.replaces : undefined;
	await bin(context, replaces);
	return outcome(item, target, replaces === undefined ? 'created' : 'replaced', { newId: id, fidelity, ...reasonOf(reason) });
}

/** Whole from its Exchange export if there is one and Exchange takes it; else rebuilt, with a word on what might have been. */
async function makeAnew(context: RestoreContext, markers: FolderMarkers, item: RestorableItem, folderId: string): Promise<Rebuilt> {
	const imported = await context.exchange?.bring(item, folderId);
	if (imported && 'id' in imported) return imported;
	const rebuilt = await rebuildMessage(context, markers, item, folderId);
	if (!imported || rebuilt.fidelity.length === 0) return rebuilt;
	return { ...rebuilt, fidelity: [...rebuilt.fidelity, imported.refused] };
}

/** Only once the new one stands, attachments and all. To Deleted Items: nothing is lost, and nobody is told. */
async function bin(context: RestoreContext, messageId: string | undefined): Promise<void> {
	if (messageId !== undefined) await move(context, messageId, 'deleteditems');
}

function folderIdOf(target: TargetFolder): string {
	if (target.id === null) throw new Error('A planned folder was never made');
	return target.id;
}

/** False if the original cannot be moved any more: it was purged meanwhile, or its place gives nothing back. */
async function moveBack(context: RestoreContext, messageId: string, target: TargetFolder): Promise<boolean> {
	try {
		await move(context, messageId, folderIdOf(target));
		return true;
	} catch (error) {
		// Purges and holds give nothing back; if it is a permission that is missing, rebuilding will say so.
		if (isFailure(error, 'notFound', 'invalid', 'conflict', 'denied', 'corrupt')) return false;
		throw error;
	}
}

async function move(context: RestoreContext, messageId: string, destinationId: string): Promise<void> {
	await context.graph.json({
		method: 'POST',
		path: `${context.userPath}/messages/${encodeURIComponent(messageId)}/move`,
		body: { destinationId },
		// With immutable ids, moving it there twice is moving it there.
		repeatable: true,
		...signalOf(context),
	});
}

async function patch(context: RestoreContext, messageId: string, body: JsonObject): Promise<void> {
	await context.graph.json({
		method: 'PATCH',
		path: `${context.userPath}/messages/${encodeURIComponent(messageId)}`,
		body,
		...signalOf(context),
	});
}

function reasonOf(reason: string | undefined): { reason?: string } {
	return reason === undefined ? {} : { reason };
}

function outcome(
	item: RestorableItem,
	target: TargetFolder,
	kind: RestoreOutcomeKind,
	more: { newId?: string; reason?: string; fidelity?: string[] },
): RestoreOutcome {
	return { ...identity(item), outcome: kind, targetPath: target.path, ...more, fidelity: more.fidelity ?? [] };
}

function identity(item: FailedItem): Pick<RestoreOutcome, 'id' | 'type' | 'name' | 'parent'> {
	const { id, type, name, parent } = item;
	return { id, type, name, ...(parent === undefined ? {} : { parent }) };
}

type FailedItem = Pick<RestorableItem, 'id' | 'type' | 'name' | 'parent'>;

/** The outcome of a message or folder that could not be restored. */
export function failed(
	item: FailedItem,
	targetPath: string[],
	failure: Pick<ReturnType<typeof toFailure>, 'kind' | 'message' | 'nextStep'> & { title?: string | undefined },
): RestoreOutcome {
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
