import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import type { ConnectedGraph } from '../../connect/graph';
import type { Repository, SnapshotRecord, SourceRef } from '../../connect/repository';
import type { RestoreOptions } from '../../engine/restore';
import { findMailbox } from '../../pickers/mailbox';
import { useCases } from '../use-cases';
import type { TargetPlace } from './restore-request';

type Restorer = RestoreOptions['restorer'];

/** What a restore writes to, and what that is called in errors. */
export interface FoundTarget {
	id: string;
	name: string;
}

/** Failures: notFound, denied. */
export async function findTarget(place: TargetPlace, source: SourceRef, { graph }: ConnectedGraph): Promise<FoundTarget> {
	switch (place.kind) {
		case 'own':
			return { id: source.id, name: source.name };
		case 'mailbox': {
			const { id, userPrincipalName } = await findMailbox(graph, place.named);
			return { id, name: userPrincipalName };
		}
		default:
			return await place.named.find(graph);
	}
}

/** One restorer for each snapshot: where a library's files came from stands there. */
export async function restorerInto(
	this: IExecuteFunctions,
	use: { place: TargetPlace; target: FoundTarget; source: SourceRef; repository: Repository; snapshot: SnapshotRecord; connected: ConnectedGraph; itemIndex: number },
): Promise<Restorer> {
	const { place, target, source, repository, snapshot, connected, itemIndex } = use;
	const common = { ...connected, ambient: realAmbient, source };
	const permissions = this.getNodeParameter('options.permissions', itemIndex, false) === true;
	const workload = place.kind === 'own' ? source.workload : place.kind;
	switch (workload) {
		case 'mailbox':
			return useCases.mailboxRestorer({ ...common, mailboxId: target.id });
		case 'site':
			return useCases.siteRestorer({ ...common, siteId: target.id, permissions });
		case 'drive': {
			if (source.workload === 'drive') return useCases.driveRestorer({ ...common, driveId: target.id, permissions, originalDriveOf: () => source.id });
			const drives = await drivesOfLibraries(repository, snapshot, this.getExecutionCancelSignal());
			return useCases.driveRestorer({
				...common,
				driveId: target.id,
				permissions,
				originalDriveOf: (scope) => drives.get(scope),
				topOf: (scope) => `${scope}/root`,
			});
		}
	}
}

/** Scope of a library → the drive that it was backed up from. */
async function drivesOfLibraries(repository: Repository, snapshot: SnapshotRecord, signal: AbortSignal | undefined): Promise<Map<string, string>> {
	const scopes = snapshot.scopes.map(({ id }) => id).filter((id) => id.startsWith('library-'));
	const roots = await repository.catalog(snapshot).lookUp(scopes.map((scope) => `${scope}/root`), signal);
	const drives = new Map<string, string>();
	for (const scope of scopes) {
		const driveId = roots.get(`${scope}/root`)?.meta['driveId'];
		if (typeof driveId === 'string') drives.set(scope, driveId);
	}
	return drives;
}
