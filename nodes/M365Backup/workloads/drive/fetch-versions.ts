import type { Failure } from '../../base/failure';
import { isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { Fetched } from '../workload';
import type { DriveContext } from './drive-context';
import { itemPath } from './drive-context';
import { nameOf } from './file-meta';
import type { FileToFetch, StoredVersion } from './file-to-fetch';
import type { GraphIdentitySet } from './graph-item';

interface GraphVersion {
	id: string;
	lastModifiedDateTime?: string;
	size?: number;
	lastModifiedBy?: GraphIdentitySet;
}

type Versions = { meta: JsonObject; warnings: string[] } | { failure: Failure };

/**
 * The last N older versions of a file, after its own content, each as the part `version-<id>`; what is stored already is
 * kept. The version that was the newest in the run before is the file's main content of then: it is not fetched either,
 * unless size or date say that it was written on under the same number.
 */
export async function* fetchVersions(context: DriveContext, file: FileToFetch, signal: AbortSignal): AsyncGenerator<Fetched, Versions> {
	const { id, title, extension } = file.request;
	let listed: GraphVersion[];
	try {
		listed = await listVersions(context, file, signal);
	} catch (error) {
		return { failure: toFailure(error) };
	}
	// Newest first (driveitem-list-versions); the first is what the file is now.
	const [current, ...older] = listed;
	const kept: JsonObject[] = [];
	const warnings: string[] = [];
	for (const version of older.slice(0, context.versions)) {
		const part = `version-${version.id}`;
		const shown = shownVersion(version);
		const held = heldAs(file, shown);
		if (held) {
			yield { id, kept: { ...(held.part === undefined ? {} : { part: held.part }), as: part }, more: true };
			kept.push({ ...shown });
			continue;
		}
		try {
			const answer = await context.graph.stream({ path: `${itemPath(context, file.graphId)}/versions/${encodeURIComponent(version.id)}/content`, signal });
			yield {
				id,
				content: answer.body,
				...(answer.sizeBytes === undefined ? {} : { sizeBytes: answer.sizeBytes }),
				part: { name: part, title: `${title} (version ${version.id})`, extension },
				more: true,
			};
			kept.push({ ...shown });
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) return { failure };
			// Versions go by the library's own rules at any time. Others are asked for again when the file changes.
			if (!isFailure(failure, 'notFound')) warnings.push(`Version ${version.id} of "${file.name}" was not backed up: ${failure.title ?? failure.message}`);
		}
	}
	return { meta: { versions: kept, version: current ? { ...shownVersion(current) } : null }, warnings };
}

async function listVersions(context: DriveContext, file: FileToFetch, signal: AbortSignal): Promise<GraphVersion[]> {
	const found: GraphVersion[] = [];
	for await (const page of context.graph.pages<GraphVersion>({ path: `${itemPath(context, file.graphId)}/versions`, signal })) {
		found.push(...page);
		if (found.length > context.versions) break;
	}
	return found;
}

function shownVersion({ id, lastModifiedDateTime, size, lastModifiedBy }: GraphVersion): StoredVersion {
	const by = nameOf(lastModifiedBy);
	return {
		id,
		...(lastModifiedDateTime === undefined ? {} : { modified: lastModifiedDateTime }),
		...(size === undefined ? {} : { size }),
		...(by === undefined ? {} : { by }),
	};
}

/** Which of the stored contents this version is, if any. */
function heldAs({ stored }: FileToFetch, version: StoredVersion): { part?: string } | undefined {
	const isSame = (other: StoredVersion | undefined): boolean =>
		other?.id === version.id && other.size !== undefined && other.size === version.size && other.modified === version.modified;
	if (stored.versions.some(isSame)) return { part: `version-${version.id}` };
	return stored.hasContent && isSame(stored.current) ? {} : undefined;
}
