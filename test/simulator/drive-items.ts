import { driveAccessDenied, eTag, cTag, invalidDriveRequest, itemGone } from './drive-json';
import { freeName, refuseBadName, refuseLongPath } from './drive-names';
import type { DriveNode } from './drive-node';
import type { ItemAddress } from './drive-path';
import type { Drive } from './drive-store';
import type { GraphRequest } from './exchange';
import { GraphError } from './graph-error';

export type ConflictBehavior = 'fail' | 'replace' | 'rename';

/** @throws GraphError 404 for what is not there (any more), 403 for what is forbidden */
export function itemAt(drive: Drive, address: ItemAddress): DriveNode {
	let node = drive.find(address.id ?? 'root');
	for (const name of address.path) node = node?.child(name);
	if (node?.state !== 'living') throw itemGone();
	refuseForbidden(node);
	return node;
}

export function refuseForbidden(node: DriveNode): void {
	for (let at: DriveNode | null = node; at; at = at.parent) if (at.isForbidden) throw driveAccessDenied();
}

/** @throws GraphError 423: opened by somebody, or checked out to somebody else */
export function refuseLocked(node: DriveNode): void {
	if (node.isLocked) throw new GraphError(423, 'resourceLocked', 'The resource you are attempting to access is locked');
	if (node.checkedOutBy) throw new GraphError(423, 'resourceLocked', 'The file is checked out for editing by another user.');
}

/** @throws GraphError 412 where `If-Match` names another state */
export function refuseOtherState(request: GraphRequest, drive: Drive, node: DriveNode): void {
	const wanted = request.headers['if-match'];
	if (wanted === undefined || wanted === '*' || wanted === eTag(drive, node) || wanted === cTag(drive, node)) return;
	throw new GraphError(412, 'resourceModified', 'ETag does not match current item\'s value');
}

/** From the query (two spellings) or the body. @throws GraphError 400 */
export function conflictBehavior(request: GraphRequest, body: Record<string, unknown> | undefined): ConflictBehavior | undefined {
	const { other } = request.query;
	const given = body?.['@microsoft.graph.conflictBehavior'] ?? body?.['@name.conflictBehavior'] ?? other.get('@microsoft.graph.conflictbehavior') ?? other.get('@name.conflictbehavior');
	if (given === undefined) return undefined;
	if (given === 'fail' || given === 'replace' || given === 'rename') return given;
	throw invalidDriveRequest('The conflict behavior is not valid.');
}

export function nameTaken(): GraphError {
	return new GraphError(409, 'nameAlreadyExists', 'An item with the same name already exists under the parent');
}

/** The name that a new thing may have in a folder; `replace` leaves what is there to the caller. @throws GraphError */
export function nameFor(drive: Drive, folder: DriveNode, name: string, behavior: ConflictBehavior, itself?: DriveNode): string {
	refuseBadName(name);
	if (!folder.isFolder) throw invalidDriveRequest('The parent is no folder.');
	refuseLongPath([drive.about.webPath, folder.path, name].filter((part) => part !== '').join('/'));
	const taken = folder.child(name);
	if (!taken || taken === itself || behavior === 'replace') return name;
	if (behavior === 'fail') throw nameTaken();
	return freeName(name, (one) => folder.child(one) !== undefined);
}

/** Where content is to go: on a file that is there, or as a new one. */
export interface Place {
	existing: DriveNode | undefined;
	folder: DriveNode;
	name: string;
}

/** Folders of the path that are missing are made, as OneDrive does it. @throws GraphError 404 if it starts nowhere */
export function placeOf(drive: Drive, address: ItemAddress): Place {
	const start = itemAt(drive, { ...address, path: [] });
	if (address.path.length === 0) {
		if (!start.parent) throw invalidDriveRequest('The root is no file.');
		return { existing: start, folder: start.parent, name: start.name };
	}
	let folder = start;
	for (const name of address.path.slice(0, -1)) {
		const next = folder.child(name);
		if (!next && drive.tenant.switches.uploadByPath === 'needsFolders') throw itemGone();
		folder = next ?? drive.addFolder(folder, nameFor(drive, folder, name, 'fail'), { by: drive.tenant.applicationIdentity });
	}
	const name = address.path.at(-1)!;
	const existing = folder.child(name);
	refuseForbidden(existing ?? folder);
	return { existing, folder, name };
}
