import { createHash } from 'node:crypto';
import type { RestoreOptions, RestoreResult } from '../../nodes/M365Backup/engine/restore';
import { restore } from '../../nodes/M365Backup/engine/restore';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { driveRestorer, type DriveRestorerOptions } from '../../nodes/M365Backup/workloads/drive/restore-drive';
import type { RestorableFolder, RestorableItem, RestoreOutcome, RestoreRequest } from '../../nodes/M365Backup/workloads/restorer';
import { contentOf, type GeneratedContent } from '../simulator/drive-content';
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

export const MARCH = { created: '2025-03-01T08:00:00Z', modified: '2026-02-03T09:10:11Z' };

export interface MadeFile {
	id?: string;
	name: string;
	parent?: string;
	text?: string;
	/** In place of the text. */
	generated?: GeneratedContent;
	meta?: RestorableItem['meta'];
}

/** An item as the engine would hand it over, from bytes. */
export function fileItem({ id, name, parent, text = `content of ${name}`, generated, meta }: MadeFile, index: number): RestorableItem {
	const content = generated ?? contentOf(text);
	const sha256 = createHash('sha256').update(content.quickXorHash ?? '').digest('hex');
	return {
		id: id ?? `drive/made-${index}`,
		type: 'file',
		name,
		...(parent === undefined ? {} : { parent }),
		modified: MARCH.modified,
		size: content.sizeBytes,
		meta: { created: MARCH.created, quickXorHash: content.quickXorHash, ...meta },
		markerKey: sha256,
		content: {
			sizeBytes: content.sizeBytes,
			sha256,
			async *open() {
				for (let at = 0; at < content.sizeBytes; at += 300_000) yield await Promise.resolve(content.read(at, 300_000));
			},
		},
	};
}

export async function restoreMade(fixture: DriveFixture, files: readonly MadeFile[], options: { folders?: RestorableFolder[]; request?: Partial<RestoreRequest>; restorer?: Partial<DriveRestorerOptions> } = {}): Promise<RestoreOutcome[]> {
	const folders = new Map((options.folders ?? []).map((folder) => [folder.id, folder]));
	const restorer = driveRestorer({ graph: fixture.client(), driveId: fixture.drive.id, ambient: fixture.ambient, source: fixture.source, ...options.restorer });
	const found: RestoreOutcome[] = [];
	const request: RestoreRequest = {
		folders,
		selectedFolders: new Set(),
		items: (async function* () {
			yield* files.map(fileItem);
		})(),
		destination: { kind: 'original' },
		conflictPolicy: 'skip',
		preview: false,
		...options.request,
	};
	for await (const outcome of restorer.restore(request)) found.push(outcome);
	return found;
}
