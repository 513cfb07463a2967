import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { ConflictPolicy, RestorableItem } from '../../restorer';
import type { FoundMarker } from './folder-markers';
import type { LivingAnswer, LivingMessage } from './living-message';
import { differenceOf } from './living-message';
import type { TargetFolder } from './target-folders';

/** What is to be done for one message. What `replaces` names goes to the bin once the restored one stands. */
export type MessagePlan =
	/** It is there. */
	| { do: 'nothing'; id: string; outcome: 'skipped' | 'movedBack'; reason: string; replaces?: string }
	| { do: 'moveBack'; id: string; reason: string; patch: JsonObject | null }
	/** Only marks differ. */
	| { do: 'patch'; id: string; patch: JsonObject; reason: string; replaces?: string }
	/** A restore that was interrupted made it, attachments are missing. */
	| { do: 'complete'; id: string; reason: string; replaces?: string }
	| { do: 'create'; replaces?: string; reason?: string }
	| { do: 'fail'; failure: Failure };

export interface PlanInput {
	item: RestorableItem;
	target: TargetFolder;
	policy: ConflictPolicy;
	marker: FoundMarker | undefined;
	/** State of the message that `marker` names; only asked for where the policy is `replace`. */
	marked?: LivingAnswer | undefined;
	/** State of the original; undefined if it is not to be looked for (another mailbox or folder, or keepBoth). */
	original?: LivingAnswer | undefined;
}

/** The order of DESIGN §6, Restore markers: the mark, the living original, then anew. Reads nothing, writes nothing. */
export function planMessage(input: PlanInput): MessagePlan {
	const { item, target, policy, marker, original } = input;
	if (marker) return planMarked(input, marker);
	if (policy === 'keepBoth' || original === undefined || original === null) return { do: 'create' };
	if (isFailure(original)) return { do: 'fail', failure: original };
	const isInPlace = target.id !== null && original.parentFolderId === target.id;
	if (!isInPlace) return planElsewhere(original, item, policy);
	if (target.cameBack) return { do: 'nothing', id: original.id, outcome: 'movedBack', reason: 'It came back with its folder' };
	if (policy === 'skip') return { do: 'nothing', id: original.id, outcome: 'skipped', reason: 'It is in its place' };
	return planReplace(original, item);
}

function planMarked(input: PlanInput, marker: FoundMarker): MessagePlan {
	const { item, policy, marked, original } = input;
	// A replacement that was interrupted before the old one went to the bin.
	const isOldInPlace =
		policy === 'replace' && original && !isFailure(original) && original.parentFolderId === input.target.id &&
		saysSomethingElse(original, item);
	const replaces = isOldInPlace ? { replaces: original.id } : {};
	if (marker.state === 'open') {
		return { do: 'complete', id: marker.id, reason: 'An interrupted restore had begun it', ...replaces };
	}
	const restored = { do: 'nothing', id: marker.id, outcome: 'skipped', reason: 'It was restored before', ...replaces } as const;
	if (policy !== 'replace' || !marked || isFailure(marked)) return restored;
	// What a rebuilt message says may differ in small things from what the backup saw: only its marks are compared.
	const { patch } = differenceOf(marked, item.meta);
	if (!patch) return restored;
	return { do: 'patch', id: marker.id, patch, reason: 'It was restored before; its marks were set back', ...replaces };
}

/** A draft's text may differ behind its first 255 characters, which only its change key tells. */
function saysSomethingElse(original: LivingMessage, item: RestorableItem): boolean {
	const { content, patch } = differenceOf(original, item.meta);
	if (content) return true;
	return original.isDraft === true && item.etag !== undefined && original.changeKey !== item.etag && !patch;
}

/** Deleted Items, Recoverable Items or any other folder. */
function planElsewhere(original: LivingMessage, item: RestorableItem, policy: ConflictPolicy): MessagePlan {
	const difference = differenceOf(original, item.meta);
	if (difference.content) {
		return { do: 'create', reason: 'The original is elsewhere and was changed; it was left there' };
	}
	return {
		do: 'moveBack',
		id: original.id,
		patch: policy === 'replace' ? difference.patch : null,
		reason: 'The original was found elsewhere and moved back',
	};
}

function planReplace(original: LivingMessage, item: RestorableItem): MessagePlan {
	const { patch, left } = differenceOf(original, item.meta);
	if (saysSomethingElse(original, item)) {
		if (typeof item.meta['odataType'] === 'string') {
			return {
				do: 'nothing',
				id: original.id,
				outcome: 'skipped',
				reason: 'It is in its place but was changed; a meeting request cannot be rebuilt, so it was left as it is',
			};
		}
		return { do: 'create', replaces: original.id, reason: 'It was changed; the changed one is in Deleted Items' };
	}
	if (patch) return { do: 'patch', id: original.id, patch, reason: ['Its marks were set back.', left].filter(Boolean).join(' ') };
	return { do: 'nothing', id: original.id, outcome: 'skipped', reason: left ?? 'It is in its place, as it was' };
}
