import type { JsonValue } from '../../base/json';
import type { ContentRequest } from '../workload';
import { graphIdOf } from './drive-context';

/** A file whose bytes are wanted, as its listing told of it. */
export interface FileToFetch {
	request: ContentRequest;
	graphId: string;
	name: string;
	/** cTag, or eTag where there is none. */
	version: string;
	sizeBytes: number | undefined;
	/** quickXorHash, base64. */
	hash: string | undefined;
	url: string | undefined;
	/** What is stored of the file itself still holds. */
	onlyVersions: boolean;
	/** What the catalog knows of its older versions. */
	stored: StoredVersions;
}

/** One older version as a line keeps it. */
export interface StoredVersion {
	id: string;
	modified?: string;
	size?: number;
	by?: string;
}

export interface StoredVersions {
	versions: StoredVersion[];
	/** Id, size and date of the version that the stored main content is. */
	current: StoredVersion | undefined;
	/** There is a main content. */
	hasContent: boolean;
}

export function fileToFetch(request: ContentRequest): FileToFetch {
	const { hints } = request;
	const stored = hints['stored'];
	return {
		request,
		graphId: graphIdOf(request.id),
		name: text(hints['name']) ?? request.title,
		version: request.version,
		sizeBytes: typeof hints['size'] === 'number' ? hints['size'] : undefined,
		hash: text(hints['hash']),
		url: text(hints['url']),
		onlyVersions: hints['onlyVersions'] === true,
		stored: readStored(stored),
	};
}

function readStored(value: JsonValue | undefined): StoredVersions {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return { versions: [], current: undefined, hasContent: false };
	const { versions, version } = value;
	return { versions: Array.isArray(versions) ? versions.flatMap((one) => readVersion(one) ?? []) : [], current: readVersion(version), hasContent: true };
}

function readVersion(value: JsonValue | undefined): StoredVersion | undefined {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
	const { id, modified, size, by } = value;
	if (typeof id !== 'string') return undefined;
	return {
		id,
		...(typeof modified === 'string' ? { modified } : {}),
		...(typeof size === 'number' ? { size } : {}),
		...(typeof by === 'string' ? { by } : {}),
	};
}

function text(value: JsonValue | undefined): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
