import { conflictBehavior, itemAt } from './drive-items';
import { invalidDriveRequest } from './drive-json';
import { freeName, refuseBadName } from './drive-names';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import type { GraphAnswer, GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { jsonBody } from './json-body';
import type { Tenant } from './tenant';

interface Monitor {
	/** Polls that still say that it is under way. */
	pollsLeft: number;
	resourceId: string | undefined;
	failure: { code: string; message: string } | undefined;
}

const monitors = new WeakMap<Tenant, Map<string, Monitor>>();

function monitorsOf(tenant: Tenant): Map<string, Monitor> {
	const found = monitors.get(tenant) ?? new Map<string, Monitor>();
	monitors.set(tenant, found);
	return found;
}

/** `POST …/copy`: 202 and a monitor on the other origin, which tells how it went (driveitem-copy). */
export function copyItem(request: GraphRequest, drive: Drive, node: DriveNode): GraphAnswer {
	const body = jsonBody(request);
	const { tenant } = request;
	const reference = (body.parentReference ?? {}) as { driveId?: string; id?: string };
	const target = reference.driveId === undefined ? drive : tenant.drives.get(reference.driveId);
	if (!target) throw invalidDriveRequest('The target drive was not found.');
	const folder = reference.id === undefined ? (node.parent ?? drive.root) : itemAt(target, { id: reference.id, path: [], isByPath: false, tail: [] });
	const name = typeof body.name === 'string' ? body.name : node.name;
	refuseBadName(name);
	const monitor: Monitor = { pollsLeft: tenant.switches.copyPolls, resourceId: undefined, failure: undefined };
	const behavior = conflictBehavior(request, undefined) ?? 'fail';
	const taken = folder.child(name);
	if (taken && behavior === 'fail') monitor.failure = { code: 'nameAlreadyExists', message: 'Name already exists' };
	else {
		if (taken && behavior === 'replace') target.delete(taken);
		const finalName = taken && behavior === 'rename' ? freeName(name, (one) => folder.child(one) !== undefined) : name;
		monitor.resourceId = target.idOf(drive.copy(node, folder, finalName, tenant.applicationIdentity, target));
	}
	const open = monitorsOf(tenant);
	const id = `4A3407B5-88FC-4504-8B21-${String(open.size + 1).padStart(12, '0')}`;
	open.set(id, monitor);
	return { status: 202, headers: { Location: `${tenant.uploadOrigin}/_api/v2.0/monitor/${id}` } };
}

/** The state of a copy; needs no token. */
export function monitorAnswer(tenant: Tenant, url: string): GraphAnswer {
	const monitor = monitorsOf(tenant).get(url.slice(url.lastIndexOf('/') + 1));
	if (!monitor) throw new GraphError(404, 'itemNotFound', 'The monitor was not found.');
	if (monitor.pollsLeft-- > 0) return { status: 202, json: { operation: 'itemCopy', percentageComplete: 27.8, status: 'inProgress' } };
	if (monitor.failure) return { status: 200, json: { operation: 'itemCopy', percentageComplete: 0, status: 'failed', error: monitor.failure } };
	return { status: 200, json: { operation: 'itemCopy', percentageComplete: 100, resourceId: monitor.resourceId, status: 'completed' } };
}
