import { refuseLocked } from './drive-items';
import { invalidDriveRequest, itemGone, versionsJson } from './drive-json';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import { downloadUrl, refuseUnreadable } from './drive-urls';
import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { contextUrl } from './paging';

/** `…/versions`, one of them, its content, and `restoreVersion`. */
export function versionRoutes(request: GraphRequest, drive: Drive, node: DriveNode, [id, action, ...more]: readonly string[]): GraphAnswer {
	if (!node.content) throw invalidDriveRequest('Only files have versions.');
	if (more.length > 0) return miss();
	const { method } = request;
	const all = versionsJson(node);
	if (id === undefined) return method === 'GET' ? { status: 200, json: { '@odata.context': contextUrl(request, 'versions'), value: all.slice(0, request.query.top) } } : miss();
	const json = all.find((one) => one.id === id);
	if (!json) throw itemGone();
	const isCurrent = json === all[0];
	const version = node.versions?.find(({ number }) => `${number}.0` === id);
	if (action === undefined) {
		if (method === 'GET') return { status: 200, json: { '@odata.context': contextUrl(request, 'versions/$entity'), ...json } };
		if (method !== 'DELETE') return miss();
		if (isCurrent) throw invalidDriveRequest('The current version cannot be deleted.');
		node.versions = node.versions!.filter((one) => one !== version);
		return { status: 204 };
	}
	if (action === 'content' && method === 'GET') {
		refuseUnreadable(node);
		if (isCurrent && request.tenant.switches.currentVersionContent === 'refused') throw invalidDriveRequest('You cannot get the content of the current version.');
		return { status: 302, headers: { Location: downloadUrl(drive, node, version?.number) } };
	}
	if (action === 'restoreVersion' && method === 'POST') {
		refuseLocked(node);
		// A new version with the caller as its author (gd#8720).
		if (version) drive.edit(node, version.content, { by: request.tenant.applicationIdentity });
		return { status: 204 };
	}
	return miss();
}
