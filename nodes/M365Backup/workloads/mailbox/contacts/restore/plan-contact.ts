import type { Failure } from '../../../../base/failure';
import { isFailure, toFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { ConflictPolicy, RestorableItem } from '../../../restorer';
import type { FoundMarker } from '../../restore/folder-markers';
import type { RestoreContext } from '../../restore/restore-context';
import type { TargetFolder } from '../../restore/target-folders';
import { PHOTO_PART } from '../fetch-contacts';
import type { GraphContact } from '../graph-contact';
import { contactDifferences, readContactDocument } from './contact-document';
import type { LivingContact } from './living-contact';
import { photoHash } from './living-contact';

/** What sets a living contact back: these properties, and its photo. */
export interface Setback {
	properties: string[];
	photo: boolean;
	/** Something that is left as it is, and why. */
	left?: string;
}

/** What is to be done for one contact. */
export type ContactPlan =
	/** It is there. */
	| { do: 'nothing'; id: string; outcome: 'skipped' | 'movedBack'; reason: string }
	| { do: 'moveBack'; id: string; reason: string; setback: Setback | null }
	| { do: 'setBack'; id: string; reason: string; setback: Setback }
	/** A restore that was interrupted made it, its photo is missing. */
	| { do: 'complete'; id: string; reason: string }
	| { do: 'create'; reason?: string }
	| { do: 'fail'; failure: Failure };

export interface ContactPlanInput {
	context: RestoreContext;
	item: RestorableItem;
	target: TargetFolder;
	policy: ConflictPolicy;
	marker: FoundMarker | undefined;
	/** State of the contact that `marker` names; only asked for where the policy is `replace`. */
	marked?: LivingContact | undefined;
	/** State of the original; undefined if it is not to be looked for (another mailbox or folder, or keepBoth). */
	original?: LivingContact | undefined;
}

const PHOTO_LEFT = 'Its photo is newer than the backup and was left: Microsoft Graph cannot take a photo away.';

/** The order of DESIGN §6, Restore markers: the mark, the living original, then anew. Writes nothing. */
export async function planContact(input: ContactPlanInput): Promise<ContactPlan> {
	try {
		return await plan(input);
	} catch (error) {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled')) throw failure;
		return { do: 'fail', failure };
	}
}

async function plan(input: ContactPlanInput): Promise<ContactPlan> {
	const { target, policy, marker, original } = input;
	if (marker) return await planMarked(input, marker);
	if (policy === 'keepBoth' || original === undefined || original === null) return { do: 'create' };
	if (isFailure(original)) return { do: 'fail', failure: original };
	if (target.id === null || original['parentFolderId'] !== target.id) return await planElsewhere(input, original);
	if (target.cameBack) return { do: 'nothing', id: original.id, outcome: 'movedBack', reason: 'It came back with its folder' };
	if (policy === 'skip') return { do: 'nothing', id: original.id, outcome: 'skipped', reason: 'It is in its place' };
	const setback = original['changeKey'] === input.item.etag ? null : await setbackOf(input, original);
	if (isNeeded(setback)) return { do: 'setBack', id: original.id, setback, reason: 'It was changed and was set back' };
	return { do: 'nothing', id: original.id, outcome: 'skipped', reason: leftBy(setback) ?? 'It is in its place, as it was' };
}

async function planMarked(input: ContactPlanInput, marker: FoundMarker): Promise<ContactPlan> {
	const { policy, marked } = input;
	if (marker.state === 'open') return { do: 'complete', id: marker.id, reason: 'An interrupted restore had begun it' };
	const restored = { do: 'nothing', id: marker.id, outcome: 'skipped', reason: 'It was restored before' } as const;
	if (policy !== 'replace' || !marked || isFailure(marked)) return restored;
	const stored = input.item.parts?.has(PHOTO_PART) === true;
	// One question a contact for nothing but a remark would be too many.
	const setback = await setbackOf(input, marked, { asksForPhoto: stored });
	return isNeeded(setback) ? { do: 'setBack', id: marker.id, setback, reason: 'It was restored before, then changed, and was set back' } : restored;
}

/** Deleted Items or any other folder. */
async function planElsewhere(input: ContactPlanInput, original: GraphContact): Promise<ContactPlan> {
	const document = await readContactDocument(input.item);
	const isChanged = contactDifferences(document, original).length > 0;
	if (isChanged && input.policy === 'skip') return { do: 'create', reason: 'The original is elsewhere and was changed; it was left there' };
	const setback = input.policy === 'replace' ? await setbackOf(input, original, { document }) : null;
	return { do: 'moveBack', id: original.id, setback: isNeeded(setback) ? setback : null, reason: 'The original was found elsewhere and moved back' };
}

async function setbackOf(
	{ context, item }: ContactPlanInput,
	living: GraphContact,
	how: { document?: JsonObject; asksForPhoto?: boolean } = {},
): Promise<Setback> {
	const properties = contactDifferences(how.document ?? (await readContactDocument(item)), living);
	if (how.asksForPhoto === false) return { properties, photo: false };
	const stored = item.parts?.get(PHOTO_PART)?.sha256;
	// What could not be read when it was backed up says nothing about what there was.
	if (stored === undefined && item.meta['photoUnreadable'] === true) return { properties, photo: false };
	const there = await photoHash(context, living.id);
	if (stored === undefined) return { properties, photo: false, ...(there === null ? {} : { left: PHOTO_LEFT }) };
	return { properties, photo: there !== stored };
}

function isNeeded(setback: Setback | null): setback is Setback {
	return setback !== null && (setback.properties.length > 0 || setback.photo);
}

function leftBy(setback: Setback | null): string | undefined {
	return setback?.left;
}
