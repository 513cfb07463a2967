import { badRequest } from './graph-error';
import type { MailFolder } from './mail-folder';
import type { Json } from './message-json';
import { matches, parseFilter } from './odata-filter';
import type { OdataQuery } from './odata-query';

const PROPERTIES = ['id', 'displayName', 'parentFolderId', 'childFolderCount', 'unreadItemCount', 'totalItemCount', 'sizeInBytes', 'isHidden'];

/**
 * A mail folder as v1.0 shows it: no wellKnownName.
 *
 * @throws GraphError 400 for properties that folders do not have
 */
export function folderJson(folder: MailFolder, query: OdataQuery): Json {
	// Top of Information Store and Recoverable Items stand side by side in the store's own root, which no list shows.
	const parentId = folder.parent?.id ?? folder.mailbox.ids.folder(0);
	const isSearch = folder.kind === 'search';
	const full: Json = {
		id: folder.id,
		displayName: folder.displayName,
		parentFolderId: parentId,
		childFolderCount: [...folder.children].filter((child) => !child.isHidden).length,
		unreadItemCount: folder.unread,
		totalItemCount: folder.total,
		isHidden: folder.isHidden,
	};
	const json: Json = isSearch ? { '@odata.type': '#microsoft.graph.mailSearchFolder' } : {};
	if (query.select && !query.select.includes('*')) {
		json.id = full.id;
		for (const wanted of query.select) {
			const name = PROPERTIES.find((one) => one.toLowerCase() === wanted.toLowerCase());
			if (!name) throw badRequest(`Could not find a property named '${wanted}' on type 'Microsoft.OutlookServices.MailFolder'.`, 'RequestBroker--ParseUri');
			if (name in full) json[name] = full[name];
		}
	} else {
		Object.assign(json, full);
		if (isSearch && folder.search) Object.assign(json, { isSupported: true, ...folder.search });
	}
	for (const item of query.expand) expand(json, folder, item.path.toLowerCase(), item.query);
	return json;
}

function expand(json: Json, folder: MailFolder, path: string, query: OdataQuery): void {
	if (path === 'childfolders') {
		json.childFolders = [...folder.children].filter((child) => !child.isHidden).map((child) => folderJson(child, query));
	} else if (path === 'singlevalueextendedproperties') {
		if (query.filter === undefined) throw badRequest('Expanding extended properties needs a $filter by id.', 'ErrorInvalidRequest');
		const filter = parseFilter(query.filter);
		const found = [...(folder.singleValueProperties ?? [])].map(([id, value]) => ({ id, value })).filter((property) => matches(filter, property));
		if (found.length) json.singleValueExtendedProperties = found;
	} else {
		throw badRequest(`Could not find a property named '${path}' on type 'Microsoft.OutlookServices.MailFolder'.`, 'RequestBroker--ParseUri');
	}
}
