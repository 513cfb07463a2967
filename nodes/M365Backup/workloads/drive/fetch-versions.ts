import { Failure, isFailure, toFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { StreamAnswer } from '../../graph/client';
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
		const broke = context.brokenVersions.of(id, version.id);
		if (broke) {
			warnings.push(...notBackedUp(file, version, broke));
			continue;
		}
		try {
			const path = `${itemPath(context, file.graphId)}/versions/${encodeURIComponent(version.id)}/content`;
			const answer = await context.graph.stream({ path, signal });
			yield {
				id,
				content: noting(context, id, version.id, resumed(context, path, answer, signal)),
				...(answer.sizeBytes === undefined ? {} : { sizeBytes: answer.sizeBytes }),
				part: { name: part, title: `${title} (version ${version.id})`, extension },
				more: true,
			};
			kept.push({ ...shown });
		} catch (error) {
			const failure = toFailure(error);
			if (isFailure(failure, 'cancelled')) return { failure };
			warnings.push(...notBackedUp(file, version, failure));
		}
	}
	return { meta: { versions: kept, version: current ? { ...shownVersion(current) } : null }, warnings };
}

/** Versions go by the library's own rules at any time. Others are asked for again when the file changes. */
function notBackedUp(file: FileToFetch, version: GraphVersion, failure: Failure): string[] {
	if (isFailure(failure, 'notFound')) return [];
	return [`Version ${version.id} of "${file.name}" was not backed up: ${failure.title ?? failure.message}`];
}

/** A version that breaks off for good must not take its file along: the file is asked for once more, and goes on without it. */
async function* noting(context: DriveContext, id: string, version: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	try {
		yield* content;
	} catch (error) {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled')) throw failure;
		context.brokenVersions.note(id, version, failure);
		throw new Failure('transient', failure.message, { code: failure.code, status: failure.status, cause: failure });
	}
}

async function listVersions(context: DriveContext, file: FileToFetch, signal: AbortSignal): Promise<GraphVersion[]> {
	const found: GraphVersion[] = [];
	for await (const page of context.graph.pages<GraphVersion>({ path: `${itemPath(context, file.graphId)}/versions`, signal })) {
		found.push(...page);
		if (found.length > context.versions) break;
	}
	return found;
}

/** Breaks of one download without a byte in between. */
const MOST_BREAKS = 5;
const PAUSE_MS = 1000;

/** The bytes of a version, which never change: a download that breaks off goes on where it broke. */
async function* resumed(context: DriveContext, path: string, first: StreamAnswer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
	let answer = first;
	let offset = 0;
	let breaks = 0;
	for (;;) {
		try {
			for await (const chunk of answer.body) {
				offset += chunk.length;
				breaks = 0;
				yield chunk;
			}
			return;
		} catch (error) {
			if (!isFailure(error, 'transient') || ++breaks > MOST_BREAKS) throw error;
			await context.ambient.sleep(PAUSE_MS * breaks, signal);
			answer = await context.graph.stream({ path, signal, ...(offset === 0 ? {} : { headers: { Range: `bytes=${offset}-` } }) });
			if (offset === 0 || answer.status === 206) continue;
			await answer.body[Symbol.asyncIterator]().return?.();
			throw error; // No ranges here: from the start, as another try of the whole item.
		}
	}
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
