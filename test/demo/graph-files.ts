import type { SeenItem } from './graph-items';
import type { GraphReader } from './graph-reader';

export type FileKind = 'file' | 'folder';
export type SeenFile = SeenItem<FileKind>;

type Json = Record<string, unknown>;

/** What SharePoint gives anew to whatever is made. */
const own = ['id', 'eTag', 'cTag', 'webUrl', 'parentReference', '@microsoft.graph.downloadUrl', '@odata.etag', '@odata.type', 'shared'];

/**
 * Everything in a drive as Graph lists it, by path. `hashOf` tells a file's bytes.
 *
 * @param drive its path below /v1.0, `/drives/b!…`
 */
export async function seenFiles(graph: GraphReader, drive: string, hashOf: (id: string) => string): Promise<SeenFile[]> {
	const listed = await graph.list(`${drive}/root/delta`);
	const byId = new Map(listed.filter((item) => item['deleted'] === undefined).map((item) => [String(item['id']), item]));
	const pathOf = (id: string): string[] => {
		const item = byId.get(id);
		if (item === undefined || item['root'] !== undefined) return [];
		return [...pathOf(String((item['parentReference'] as Json)['id'])), String(item['name'])];
	};
	const seen: SeenFile[] = [];
	for (const [id, item] of byId) {
		if (item['root'] !== undefined) continue;
		const isFile = item['file'] !== undefined;
		const properties = flat(item);
		if (isFile) properties['content'] = hashOf(id);
		else delete properties['size'];
		seen.push({ kind: isFile ? 'file' : 'folder', id, path: `${drive}/items/${id}`, place: pathOf(id).slice(0, -1).join('/'), name: String(item['name']), properties });
	}
	return seen;
}

/** `fileSystemInfo.createdDateTime`: objects of one level by their parts, since those come back or do not one by one. */
function flat(item: Json): Json {
	const properties: Json = {};
	for (const [name, value] of Object.entries(item)) {
		if (own.includes(name)) continue;
		if (['fileSystemInfo', 'file'].includes(name)) for (const [part, inner] of Object.entries(value as Json)) properties[`${name}.${part}`] = inner;
		else properties[name] = value;
	}
	return properties;
}
