import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { driveRestorer, type DriveRestorerOptions } from '../../nodes/M365Backup/workloads/drive/restore-drive';
import type { Drive } from '../simulator/drive-store';
import type { DriveFixture } from '../support/drive-fixture';

export interface DriveRestoreCall extends Partial<Omit<RestoreOptions, 'restorer'>> {
	/** The fixture's own unless said. */
	into?: Drive;
	graph?: GraphClient;
	restorer?: Partial<DriveRestorerOptions>;
}

/** Restores as the node would: everything of the newest snapshot to where it was, unless told otherwise. */
export async function restoreDrive(fixture: DriveFixture, options: DriveRestoreCall = {}): Promise<RestoreResult[]> {
	const { into = fixture.drive, graph = fixture.client(), restorer, ...rest } = options;
	const results: RestoreResult[] = [];
	for await (const result of restore({
		repository: fixture.repository,
		source: fixture.source,
		snapshot: rest.snapshot ?? (await fixture.newest()),
		selection: { kind: 'everything' },
		destination: { kind: 'original' },
		conflictPolicy: 'skip',
		mode: 'restore',
		restorer: driveRestorer({ graph, driveId: into.id, ambient: fixture.ambient, source: fixture.source, ...restorer }),
		ambient: fixture.ambient,
		...rest,
	})) {
		results.push(result);
	}
	return results;
}

export function outcomes(results: readonly RestoreResult[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
	return counts;
}

/** `outcome targetPath`, sorted: what a person reads in a result. */
export function lines(results: readonly RestoreResult[]): string[] {
	return results.map(({ outcome, targetPath, type }) => `${outcome} ${targetPath}${type === 'folder' ? '/' : ''}`).sort();
}

export function failures(results: readonly RestoreResult[]): RestoreResult[] {
	return results.filter(({ outcome }) => outcome === 'failed');
}

/** Id, dates, content and number of versions of each file and folder, by path. */
export function portrait(drive: Drive): Map<string, { id: string; created: string; modified: string; content: string | null; versions: number }> {
	const found = new Map<string, { id: string; created: string; modified: string; content: string | null; versions: number }>();
	for (const node of drive.root.subtree()) {
		if (!node.parent) continue;
		found.set(node.path, {
			id: drive.idOf(node),
			created: seconds(node.fsCreatedMs),
			modified: seconds(node.fsModifiedMs),
			content: node.content ? (node.content.sizeBytes > 1e6 ? node.content.quickXorHash : node.content.read(0, node.content.sizeBytes).toString('latin1')) : null,
			versions: node.versions?.length ?? 0,
		});
	}
	return found;
}

function seconds(ms: number): string {
	return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

/** Paths and contents alone. */
export function contents(drive: Drive): Record<string, string | null> {
	return Object.fromEntries([...portrait(drive)].map(([path, { content }]) => [path, content] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}
