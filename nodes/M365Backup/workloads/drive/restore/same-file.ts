import type { RestorableItem } from '../../restorer';
import { isRewrittenType } from './file-names';
import type { LivingItem } from './living-item';
import { secondsOf } from './living-item';

/**
 * Whether what stands in the drive has the content that the snapshot has.
 *
 * - `same`: the same cTag of the same item, or size and hash, or, where the service tells no hash, size and dates.
 * - `rewritten`: an application put it there with these very dates, and it is of a type into which SharePoint writes
 *   on upload, so that size and hash tell nothing: an earlier restore did it. Nothing else that Graph keeps of a file
 *   can be set on upload; a person who edits it changes the date, and who keeps the date is no application.
 */
export function sameContent(item: RestorableItem, living: LivingItem, isOriginal: boolean): 'same' | 'rewritten' | undefined {
	if (living.isFolder) return undefined;
	if (isOriginal && item.etag !== undefined && living.cTag === item.etag) return 'same';
	const hash = item.meta['quickXorHash'];
	const sizeBytes = item.content?.sizeBytes ?? item.size;
	// Labelled and protected files are served with other bytes than size and hash tell.
	const isAsTold = item.size === undefined || item.size === sizeBytes;
	if (typeof hash === 'string' && living.quickXorHash === hash && living.sizeBytes === (item.size ?? sizeBytes)) return 'same';
	if (sizeBytes === 0) return living.sizeBytes === 0 ? 'same' : undefined;
	if (!hasItsDates(item, living)) return undefined;
	const isRestored = living.isByApp;
	if (isRestored && isRewrittenType(living.name)) return 'rewritten';
	const isHashKnown = typeof hash === 'string' && living.quickXorHash !== undefined && isAsTold;
	if (isHashKnown || living.sizeBytes !== sizeBytes) return undefined;
	// The original with an old date may be anything that a person, or what got hold of their machine, made of it.
	return isRestored || !isOriginal ? 'same' : undefined;
}

/** A backup may know no date of creation. */
function hasItsDates(item: RestorableItem, living: LivingItem): boolean {
	const { created } = item.meta;
	if (item.modified === undefined || secondsOf(item.modified) !== living.modifiedSeconds) return false;
	return typeof created !== 'string' || secondsOf(created) === living.createdSeconds;
}
