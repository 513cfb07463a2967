import type { JsonObject } from '../../base/json';
import type { Change, ContentRequest, ItemChange, KnownItem } from '../workload';
import { fingerprint } from '../workload';
import type { DriveContext } from './drive-context';
import { scopedId } from './drive-context';
import { fileMeta, folderMeta, MALWARE_SKIP, metaOfOthers, metaPatch, modifiedOf } from './file-meta';
import type { GraphItem } from './graph-item';

/** Where an item lies. */
export interface Place {
	/** Scoped id of the folder; absent at the drive's root, unless a container stands for it. */
	parent?: string;
	/** Names of the folders above, as far as they are known. */
	path: readonly string[];
}

/** What a file's line must say now; nothing if it says so already. */
export function decideFile(context: DriveContext, item: GraphItem, before: KnownItem | undefined, place: Place, looksAtVersions: boolean): Change | undefined {
	const meta = fileMeta(item);
	const known = before?.type === 'file' ? before : undefined;
	if (!known || !isUnchanged(item, known)) {
		const others = known ? metaOfOthers(known.meta) : {};
		if (item.malware) return { ...wholeItem(context, item, place, { ...others, ...meta }), isNew: !before };
		// What is fetched takes the place of all contents: the fetch itself says which versions are beside it.
		const { versions: _versions, version: _version, ...kept } = others;
		return { ...wholeItem(context, item, place, { ...kept, ...meta }), isNew: !before, fetch: requestOf(context, item, known, place, false) };
	}
	if (looksAtVersions && context.versions > 0 && !item.malware) {
		return { ...wholeItem(context, item, place, { ...metaOfOthers(known.meta), ...meta }), isNew: false, fetch: requestOf(context, item, known, place, true) };
	}
	return difference(context, item, known, place, meta, modifiedOf(item));
}

/** The same of a folder. When its own date alone moved, because of something in it, that is no news. */
export function decideFolder(context: DriveContext, item: GraphItem, before: KnownItem | undefined, place: Place): Change | undefined {
	const meta = folderMeta(item);
	if (before?.type !== 'folder') return { ...wholeItem(context, item, place, meta), isNew: !before };
	// It could not be asked for, and can now.
	if (before.failedAttempts > 0) return { ...wholeItem(context, item, place, { ...metaOfOthers(before.meta), ...meta }), isNew: false };
	return difference(context, item, before, place, { ...meta, ...whoTouchedIt(before.meta) }, before.modified);
}

/** Whoever changed something in a folder last, as it was when the folder's line was written. */
function whoTouchedIt(meta: JsonObject): JsonObject {
	return meta['modifiedBy'] === undefined ? {} : { modifiedBy: meta['modifiedBy'] };
}

function difference(context: DriveContext, item: GraphItem, before: KnownItem, place: Place, meta: JsonObject, modified: string | undefined): Change | undefined {
	const moved = before.parent !== place.parent;
	// To the root means that the parent goes, which a patch cannot say with an absent field.
	if (moved && place.parent === undefined) return { ...wholeItem(context, item, place, { ...metaOfOthers(before.meta), ...meta }), isNew: false };
	const changedMeta = metaPatch(before.meta, meta);
	const renamed = item.name !== before.name;
	const dated = modified !== undefined && modified !== before.modified;
	if (!moved && !renamed && !dated && changedMeta === undefined) return undefined;
	return {
		kind: 'patch',
		id: before.id,
		type: before.type,
		...(moved && place.parent !== undefined ? { parent: place.parent } : {}),
		...(renamed ? { name: item.name ?? '' } : {}),
		...(dated ? { modified } : {}),
		...(changedMeta === undefined ? {} : { meta: changedMeta }),
	};
}

/**
 * The same content: cTag counts changes of bytes alone. Where a delta leaves it out, as the documentation says of
 * OneDrive for Business, the eTag stands in its place, which also counts renames: then a file is fetched once too often.
 */
function isUnchanged(item: GraphItem, known: KnownItem): boolean {
	if (known.failedAttempts > 0 || known.etag === undefined) return false;
	const isSame = known.etag === versionOf(item) || (item.cTag !== undefined && known.etag === item.eTag);
	return isSame && (item.malware ? known.meta['skipped'] === MALWARE_SKIP : known.hasContent && known.meta['skipped'] === undefined);
}

function versionOf(item: GraphItem): string | undefined {
	return item.cTag ?? item.eTag;
}

function wholeItem(context: DriveContext, item: GraphItem, place: Place, meta: JsonObject): Omit<ItemChange, 'isNew'> {
	const isFile = item.file !== undefined;
	const modified = modifiedOf(item);
	const etag = isFile ? versionOf(item) : undefined;
	return {
		kind: 'item',
		id: scopedId(context, item.id),
		type: isFile ? 'file' : 'folder',
		...(place.parent === undefined ? {} : { parent: place.parent }),
		name: item.name ?? '',
		...(modified === undefined ? {} : { modified }),
		...(isFile && item.size !== undefined ? { size: item.size } : {}),
		...(etag === undefined ? {} : { etag }),
		meta,
	};
}

/** Everything behind the last dot that looks like an ending; `.hidden` has none. */
const ENDING = /^(.+)(\.[^. ]{1,15})$/s;

/** @param onlyVersions what is stored of the file itself still holds */
function requestOf(context: DriveContext, item: GraphItem, known: KnownItem | undefined, place: Place, onlyVersions: boolean): ContentRequest {
	const name = item.name ?? '';
	const [, title = name, extension = ''] = ENDING.exec(name) ?? [];
	const hash = item.file?.hashes?.quickXorHash;
	const url = item['@microsoft.graph.downloadUrl'];
	return {
		id: scopedId(context, item.id),
		folderPath: [...context.topPath, ...place.path],
		title,
		extension,
		version: versionOf(item) ?? '',
		hints: {
			name,
			...(item.size === undefined ? {} : { size: item.size }),
			...(hash === undefined ? {} : { hash }),
			...(url === undefined ? {} : { url }),
			...(onlyVersions ? { onlyVersions } : {}),
			...(context.versions > 0 && known?.hasContent === true ? { stored: storedVersions(known) } : {}),
		},
		...(hash !== undefined && item.size !== undefined && item.size > 0 && !onlyVersions ? { sameAs: fingerprint(hash, item.size) } : {}),
	};
}

function storedVersions({ meta, modified }: KnownItem): JsonObject {
	return {
		...(meta['versions'] === undefined ? {} : { versions: meta['versions'] }),
		...(meta['version'] === undefined ? {} : { version: meta['version'] }),
		...(modified === undefined ? {} : { modified }),
	};
}
