import type { IDataObject } from 'n8n-workflow';
import type { FoundItem } from '../../engine/search';
import type { FoundInHistory } from '../../engine/search-history';

/**
 * What a person recognises an item by, first; then what happened to it; and last, since it is long, the id by which
 * Restore and Export find it, in the snapshot that has it.
 */
export function simplifiedItem(item: FoundItem | FoundInHistory): IDataObject {
	return {
		name: item.name,
		folder: item.folderPath,
		...ownFields(item),
		type: item.type,
		...happened(item),
		snapshot: item.snapshot.id,
		id: item.id,
	};
}

function ownFields({ type, meta, size, modified }: FoundItem): IDataObject {
	switch (type) {
		case 'message':
			return {
				from: addressOf(meta['from']),
				to: listOf(meta['to']).map(addressOf),
				received: meta['received'] ?? null,
				hasAttachments: meta['attachments'] === true,
				size: size ?? null,
			};
		case 'event':
			return {
				start: meta['start'] ?? null,
				end: meta['end'] ?? null,
				isSeries: meta['kind'] === 'series',
				location: meta['location'] ?? null,
				organizer: addressOf(meta['organizer']),
				attendees: listOf(meta['attendees']).map(addressOf),
				hasAttachments: meta['attachments'] === true,
			};
		case 'contact':
			return {
				emails: listOf(meta['emails']).map(addressOf),
				phones: listOf(meta['phones']),
				company: meta['company'] ?? null,
				changed: modified ?? null,
			};
		case 'task':
			return {
				status: meta['status'] ?? null,
				due: meta['due'] ?? null,
				completed: meta['completed'] ?? null,
				hasAttachments: meta['attachments'] === true,
			};
		case 'file':
			return {
				size: size ?? null,
				changed: modified ?? null,
				changedBy: meta['modifiedBy'] ?? null,
				created: meta['created'] ?? null,
				createdBy: meta['createdBy'] ?? null,
				isShared: meta['shared'] === true,
			};
		case 'listItem':
			return {
				fields: meta['fields'] ?? {},
				contentType: meta['contentType'] ?? null,
				changed: modified ?? null,
				changedBy: meta['modifiedBy'] ?? null,
				createdBy: meta['createdBy'] ?? null,
			};
		case 'page':
			return { changed: modified ?? null, changedBy: meta['modifiedBy'] ?? null, createdBy: meta['createdBy'] ?? null };
		case 'folder':
		case 'setting':
			return { kind: meta['kind'] ?? null };
		default:
			return { size: size ?? null };
	}
}

/** Only where several snapshots were searched. */
function happened(item: FoundItem | FoundInHistory): IDataObject {
	if (!('versions' in item)) return {};
	const { change, vanished, versions } = item;
	return {
		...(change === undefined ? {} : { change }),
		isDeleted: vanished !== undefined,
		lastSeen: vanished?.after ?? versions[0]?.until ?? null,
		...(vanished === undefined ? {} : { missingSince: vanished.before }),
		...(vanished?.movedTo === undefined ? {} : { movedTo: vanished.movedTo }),
		versions: versions.map((version) => ({ ...version })),
	};
}

function listOf(value: unknown): IDataObject[string][] {
	return Array.isArray(value) ? (value as IDataObject[string][]) : [];
}

function addressOf(value: unknown): string | null {
	if (typeof value !== 'object' || value === null) return null;
	const { address, name } = value as IDataObject;
	if (typeof address === 'string' && address !== '') return address;
	return typeof name === 'string' && name !== '' ? name : null;
}
