import type { JsonObject } from '../../base/json';
import type { GraphIdentitySet, GraphItem } from './graph-item';

export const MALWARE_SKIP = 'Microsoft 365 found malware in it and does not hand it out';

/** What stands in the meta of a file's line beside its main fields (DriveItem resource). Absent means none, or unknown. */
export function fileMeta(item: GraphItem): JsonObject {
	return {
		...common(item),
		...present('mimeType', item.file?.mimeType),
		...present('quickXorHash', item.file?.hashes?.quickXorHash),
		...present('uniqueId', uniqueId(item.eTag)),
		...present('checkedOutBy', item.publication?.checkedOutBy && nameOf(item.publication.checkedOutBy)),
		...(item.malware ? { malware: item.malware.description ?? 'Malware', skipped: MALWARE_SKIP } : {}),
	};
}

/** The same of a folder. A OneNote notebook is one, with its sections as files. */
export function folderMeta(item: GraphItem): JsonObject {
	return { kind: item.package ? 'notebook' : 'folder', ...common(item) };
}

function common(item: GraphItem): JsonObject {
	return {
		...present('created', item.fileSystemInfo?.createdDateTime ?? item.createdDateTime),
		...present('createdBy', nameOf(item.createdBy)),
		...present('modifiedBy', nameOf(item.lastModifiedBy)),
		...present('description', item.description),
		...(item.shared ? { shared: true } : {}),
		...present('webUrl', item.webUrl),
	};
}

/** What the owner's machine says, as opposed to when the service saw it. */
export function modifiedOf(item: GraphItem): string | undefined {
	return item.fileSystemInfo?.lastModifiedDateTime ?? item.lastModifiedDateTime;
}

/** E-mail, or what else tells who it was. */
export function nameOf(identity: GraphIdentitySet | undefined): string | undefined {
	if (!identity) return undefined;
	const { user, group, application } = identity;
	return user?.email ?? user?.displayName ?? group?.email ?? group?.displayName ?? application?.displayName;
}

/** `"{GUID},3"` → the GUID in lower case: the same in the eTag of the file's list item. */
function uniqueId(eTag: string | undefined): string | undefined {
	return /\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?/i.exec(eTag ?? '')?.[1]?.toLowerCase();
}

/** Graph writes null where it has nothing, now and then. */
function present(name: string, value: unknown): JsonObject {
	return typeof value === 'string' && value !== '' ? { [name]: value } : {};
}

/** What this file makes of a driveItem. All else in a line's meta is others' (columns, permissions, versions) and stays. */
const OWN = new Set([
	'kind', 'created', 'createdBy', 'modifiedBy', 'description', 'shared', 'webUrl', 'mimeType', 'quickXorHash', 'uniqueId', 'checkedOutBy', 'malware', 'skipped',
]);

/** Changes with everything above it, without news of its own: no reason to write a line. */
const FOLLOWS_THE_PATH = 'webUrl';

export function metaOfOthers(meta: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(meta).filter(([name]) => !OWN.has(name)));
}

/** What must be laid over `before` to get `after`, null for what goes; undefined if nothing that counts has changed. */
export function metaPatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
	const patch: JsonObject = {};
	for (const name of OWN) {
		const value = after[name];
		if (value !== before[name]) patch[name] = value ?? null;
	}
	const counts = Object.keys(patch).some((name) => name !== FOLLOWS_THE_PATH);
	return counts ? patch : undefined;
}
