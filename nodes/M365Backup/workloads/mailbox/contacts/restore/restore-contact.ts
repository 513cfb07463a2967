import { Buffer } from 'node:buffer';
import { isFailure, toFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { RestorableItem, RestoreOutcome, RestoreOutcomeKind } from '../../../restorer';
import { createOnce } from '../../restore/create-once';
import type { FolderMarkers } from '../../restore/folder-markers';
import type { Marker } from '../../restore/marker';
import { markerProperty } from '../../restore/marker';
import type { RestoreContext } from '../../restore/restore-context';
import { signalOf, stopIfCancelled } from '../../restore/restore-context';
import { failed } from '../../restore/restore-message';
import type { TargetFolder } from '../../restore/target-folders';
import { CONTACT_NOTES } from '../fidelity';
import { PHOTO_PART } from '../fetch-contacts';
import type { GraphContact } from '../graph-contact';
import { imageKind } from '../image-kind';
import { contactDifferences, createProperties, patchProperties, readContactDocument } from './contact-document';
import type { ContactTargets } from './contact-targets';
import { contactPath } from './living-contact';
import type { ContactPlan, Setback } from './plan-contact';

/** One contact with what is to be done for it. */
export interface PlannedContact {
	item: RestorableItem;
	target: TargetFolder;
	plan: ContactPlan;
}

export interface ContactRestoreParts {
	context: RestoreContext;
	targets: ContactTargets;
	markers: FolderMarkers;
}

/** What a preview says of a plan: the outcome that carrying it out would have. */
export function previewContact({ item, target, plan }: PlannedContact): RestoreOutcome {
	switch (plan.do) {
		case 'nothing':
			return outcome(item, target, plan.outcome, { newId: plan.id, reason: plan.reason });
		case 'moveBack':
			return outcome(item, target, 'movedBack', { newId: plan.id, reason: plan.reason });
		case 'setBack':
			return outcome(item, target, 'replaced', { newId: plan.id, reason: plan.reason, fidelity: leftOf(plan.setback) });
		case 'complete':
			return outcome(item, target, 'created', { newId: plan.id, reason: plan.reason });
		case 'create':
			if (!item.content) {
				const message = 'The backup holds no content of this contact';
				return failed(item, target.path, { kind: 'notFound', message, nextStep: 'Choose a snapshot in which this contact could be read' });
			}
			return outcome(item, target, 'created', { ...(plan.reason === undefined ? {} : { reason: plan.reason }), fidelity: foreseeable(item) });
		case 'fail':
			return failed(item, target.path, plan.failure);
	}
}

/** Carries a plan out. Never throws for what concerns this contact alone; `cancelled` is thrown. */
export async function carryOutContact(parts: ContactRestoreParts, planned: PlannedContact): Promise<RestoreOutcome> {
	const { context } = parts;
	try {
		stopIfCancelled(context);
		return await act(parts, planned);
	} catch (error) {
		const failure = toFailure(error);
		stopIfCancelled(context);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failed(planned.item, planned.target.path, failure);
	}
}

async function act(parts: ContactRestoreParts, planned: PlannedContact): Promise<RestoreOutcome> {
	const { item, target, plan } = planned;
	const { context } = parts;
	switch (plan.do) {
		case 'nothing':
		case 'fail':
			return previewContact(planned);
		case 'moveBack': {
			if (!(await moveBack(parts, plan.id, target))) return await make(parts, planned, 'The original could not be moved back; it was left where it is');
			const fidelity = plan.setback ? await setBack(context, item, plan.id, plan.setback) : [];
			return outcome(item, target, 'movedBack', { newId: plan.id, reason: plan.reason, fidelity });
		}
		case 'setBack':
			return outcome(item, target, 'replaced', { newId: plan.id, reason: plan.reason, fidelity: await setBack(context, item, plan.id, plan.setback) });
		case 'complete':
			return outcome(item, target, 'created', { newId: plan.id, reason: plan.reason, fidelity: await finish(context, item, plan.id) });
		case 'create':
			return await make(parts, planned, plan.reason);
	}
}

/** A new contact, marked in the very request that makes it: `open` until its photo is there. */
async function make({ context, targets, markers }: ContactRestoreParts, { item, target }: PlannedContact, reason: string | undefined): Promise<RestoreOutcome> {
	const document = await readContactDocument(item);
	const folderId = idOf(target);
	const state = item.parts?.has(PHOTO_PART) ? 'open' : 'done';
	const body: JsonObject = { ...createProperties(document), singleValueExtendedProperties: [markerProperty({ key: item.markerKey, state })] };
	const post = async (): Promise<string> => {
		const created = await context.graph.json<GraphContact>({ method: 'POST', path: `${context.userPath}${await targets.itemsPath(folderId)}`, body, ...signalOf(context) });
		return created.id;
	};
	const id = await createOnce(post, () => markers.find(folderId, item.markerKey), context.ambient, context.signal);
	const fidelity = state === 'open' ? await finish(context, item, id) : foreseeable(item);
	return outcome(item, target, 'created', { newId: id, ...(reason === undefined ? {} : { reason }), fidelity });
}

/** Puts the photo and closes the mark. */
async function finish(context: RestoreContext, item: RestorableItem, id: string): Promise<string[]> {
	const fidelity = [...foreseeable(item), ...(await putPhoto(context, item, id))];
	const done: Marker = { key: item.markerKey, state: 'done' };
	await patch(context, id, { singleValueExtendedProperties: [markerProperty(done)] });
	return fidelity;
}

/** @returns what it could not get back. */
async function putPhoto(context: RestoreContext, item: RestorableItem, id: string): Promise<string[]> {
	const photo = item.parts?.get(PHOTO_PART);
	if (!photo) return [];
	const chunks: Uint8Array[] = [];
	for await (const chunk of photo.open()) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	try {
		await context.graph.json({
			method: 'PUT',
			path: `${contactPath(context, id)}/photo/$value`,
			body: bytes,
			headers: { 'Content-Type': imageKind(bytes).mediaType },
			...signalOf(context),
		});
		return [];
	} catch (error) {
		// The contact must not stay unfinished for ever for a picture that Graph does not take.
		if (isFailure(error, 'invalid')) return [CONTACT_NOTES.photoRefused];
		throw error;
	}
}

/** Contacts notify nobody: what differs is set back in place. The answer to the PATCH shows whether it is. */
async function setBack(context: RestoreContext, item: RestorableItem, id: string, setback: Setback): Promise<string[]> {
	const fidelity = leftOf(setback);
	if (setback.properties.length > 0) {
		const document = await readContactDocument(item);
		const now = await patch(context, id, patchProperties(document, setback.properties));
		const kept = contactDifferences(document, now);
		if (kept.length > 0) fidelity.push(CONTACT_NOTES.kept(kept));
	}
	if (setback.photo) fidelity.push(...(await putPhoto(context, item, id)));
	return fidelity;
}

/**
 * The documented way (contact-update lists parentFolderId; there is no move action for contacts). Only where the answer
 * shows the contact in its place has it moved.
 */
async function moveBack({ context, targets }: ContactRestoreParts, id: string, target: TargetFolder): Promise<boolean> {
	const parentFolderId = await targets.graphId(idOf(target));
	if (parentFolderId === null) return false;
	try {
		const moved = await patch(context, id, { parentFolderId });
		return moved['parentFolderId'] === parentFolderId;
	} catch (error) {
		if (isFailure(error, 'notFound', 'invalid', 'conflict', 'denied', 'corrupt')) return false;
		throw error;
	}
}

async function patch(context: RestoreContext, id: string, body: JsonObject): Promise<GraphContact> {
	return await context.graph.json<GraphContact>({ method: 'PATCH', path: contactPath(context, id), body, ...signalOf(context) });
}

function idOf(target: TargetFolder): string {
	if (target.id === null) throw new Error('A planned contact folder was never made');
	return target.id;
}

/** What the catalog alone tells. */
function foreseeable(item: RestorableItem): string[] {
	return item.meta['photoUnreadable'] === true ? [CONTACT_NOTES.photoUnreadable] : [];
}

function leftOf({ left }: Setback): string[] {
	return left === undefined ? [] : [left];
}

function outcome(item: RestorableItem, target: TargetFolder, kind: RestoreOutcomeKind, more: { newId?: string; reason?: string; fidelity?: string[] }): RestoreOutcome {
	const { id, type, name, parent } = item;
	return { id, type, name, ...(parent === undefined ? {} : { parent }), outcome: kind, targetPath: target.path, ...more, fidelity: more.fidelity ?? [] };
}
