import { conflictBehavior, itemAt, nameFor, nameTaken, refuseForbidden, refuseLocked, refuseOtherState } from './drive-items';
import { invalidDriveRequest, shownItem } from './drive-json';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import type { GraphAnswer, GraphRequest } from './exchange';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';

interface Dates {
	createdDateTime?: string;
	lastModifiedDateTime?: string;
}

function answer(request: GraphRequest, drive: Drive, node: DriveNode, status: number): GraphAnswer {
	return { status, json: { '@odata.context': contextUrl(request, `drives('${drive.id}')/items/$entity`), ...shownItem(request, drive, node, request.query) } };
}

/** `POST …/children` with a `folder` facet (driveitem-post-children). */
export function createFolder(request: GraphRequest, drive: Drive, parent: DriveNode): GraphAnswer {
	const body = jsonBody(request);
	if (typeof body.name !== 'string') throw invalidDriveRequest('The name is missing.');
	if (body.folder === undefined) throw invalidDriveRequest('Only folders can be created so.');
	const behavior = conflictBehavior(request, body) ?? 'fail';
	const name = nameFor(drive, parent, body.name, behavior);
	const existing = parent.child(name);
	if (existing) {
		// Replacing a folder by a folder leaves it as it is.
		if (!existing.isFolder) throw nameTaken();
		return answer(request, drive, existing, 200);
	}
	const info = body.fileSystemInfo as Dates | undefined;
	const folder = drive.addFolder(parent, name, { by: request.tenant.applicationIdentity, ...datesOf(info) });
	if (typeof body.description === 'string') folder.description = body.description;
	return answer(request, drive, folder, 201);
}

function datesOf(info: Dates | undefined): { created?: string; modified?: string } {
	return { ...(info?.createdDateTime === undefined ? {} : { created: info.createdDateTime }), ...(info?.lastModifiedDateTime === undefined ? {} : { modified: info.lastModifiedDateTime }) };
}

/** PATCH: rename, move within the drive, dates, description (driveitem-update, driveitem-move). */
export function patchItem(request: GraphRequest, drive: Drive, node: DriveNode): GraphAnswer {
	const body = jsonBody(request);
	refuseOtherState(request, drive, node);
	refuseLocked(node);
	const by = request.tenant.applicationIdentity;
	const reference = body.parentReference as { id?: string; driveId?: string; path?: string } | undefined;
	if (body.name !== undefined && typeof body.name !== 'string') throw invalidDriveRequest('The name is not valid.');
	if (reference !== undefined || body.name !== undefined) {
		if (!node.parent) throw invalidDriveRequest('The root can be neither renamed nor moved.');
		relocate(request, drive, node, reference, typeof body.name === 'string' ? body.name : node.name);
	}
	const info = body.fileSystemInfo as Dates | undefined;
	if (info) {
		// A change of dates is a version of its own in SharePoint: twice the room (rclone#1716).
		if (node.content && request.tenant.switches.datesMakeVersion) drive.keepVersion(node);
		drive.setDates(node, datesOf(info));
	}
	if (typeof body.description === 'string') node.description = body.description;
	if (info ?? body.description !== undefined) drive.touch(node, by);
	return answer(request, drive, node, 200);
}

function relocate(request: GraphRequest, drive: Drive, node: DriveNode, reference: { id?: string; driveId?: string } | undefined, wanted: string): void {
	if (reference?.driveId !== undefined && reference.driveId !== drive.id) throw invalidDriveRequest('Items cannot be moved between drives with this request.');
	const folder = reference?.id === undefined ? node.parent! : itemAt(drive, { id: reference.id, path: [], isByPath: false, tail: [] });
	if (folder.isWithin(node)) throw invalidDriveRequest('A folder cannot be moved into itself.');
	const behavior = conflictBehavior(request, undefined) ?? 'fail';
	const name = nameFor(drive, folder, wanted, behavior, node);
	const taken = folder.child(name);
	if (taken && taken !== node) drive.delete(taken);
	if (folder !== node.parent || name !== node.name) drive.move(node, folder, name, request.tenant.applicationIdentity);
}

/** DELETE: into the bin; `permanentDelete`: past it. */
export function deleteItem(request: GraphRequest, drive: Drive, node: DriveNode, isForGood: boolean): GraphAnswer {
	if (!node.parent) throw invalidDriveRequest('The root cannot be deleted.');
	refuseOtherState(request, drive, node);
	for (const one of node.subtree()) {
		refuseForbidden(one);
		refuseLocked(one);
	}
	if (isForGood) drive.purge(node);
	else drive.delete(node);
	return { status: 204 };
}
