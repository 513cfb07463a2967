import { createHash } from 'node:crypto';
import { Failure } from '../base/failure';
import { ENCRYPTED_SUFFIX } from '../stores/store';
import type { SourceRef } from './records';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RUN_ID = '\\d{8}T\\d{6}Z-[0-9a-f]{4}';
const SOURCE_KEY = '(?:mailbox|drive|site)-[0-9a-f]{16}';
const RUN_ID_ONLY = new RegExp(`^${RUN_ID}$`);
const IN_SOURCE = new RegExp(`^(${SOURCE_KEY})[/.](.+)$`);
const OF_RUN = new RegExp(
	`^(${RUN_ID})\\.(?:(archive)-(\\d{4,9})\\.zip|(segment|seen)-(\\d{4,9})\\.ndjson\\.gz|(cursor|snapshot|hold|prune)\\.json)$`,
);
const LEASE = /^lease-(\d{1,15})\.json$/;
const COPIES = new RegExp(`^copies[/.](.+)[/.](${RUN_ID})\\.ndjson\\.gz$`);

/** GUIDs are the same in any spelling; drive and site ids are case-sensitive. */
function canonicalId(id: string): string {
	return GUID.test(id) ? id.toLowerCase() : id;
}

/** `<workload>-<first 16 hex digits of SHA-256(tenant id, workload, source id)>`: the folder of a source. */
export function sourceKey(source: Pick<SourceRef, 'tenantId' | 'workload' | 'id'>): string {
	const text = [canonicalId(source.tenantId), source.workload, canonicalId(source.id)].join('\n');
	return `${source.workload}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/**
 * UTC start time and 4 random hex digits, `20261122T100000Z-9f3a`. With `after` at least one second later than that
 * run id, so that ids sort in the order of the commits even if the clock stood still or went back.
 */
export function newRunId(now: Date, randomHex: string, after?: string): string {
	if (!/^[0-9a-f]{4}/.test(randomHex)) throw new Failure('defect', `Not four hex digits: ${randomHex}`);
	const earliest = after === undefined ? 0 : runTime(after).getTime() + 1000;
	const time = new Date(Math.max(now.getTime(), earliest));
	const stamp = time.toISOString().slice(0, 19).replace(/[-:]/g, '');
	return `${stamp}Z-${randomHex.slice(0, 4)}`;
}

export function isRunId(text: string): boolean {
	return RUN_ID_ONLY.test(text);
}

/** When the run of that id started, to the second. */
export function runTime(runId: string): Date {
	const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z/.exec(runId);
	if (!match) throw new Failure('defect', `Not a run id: ${runId}`);
	const [, year, month, day, hour, minute, second] = match.map(Number);
	return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second));
}

export type NumberedKind = 'archive' | 'segment' | 'seen';

export function numberedName(runId: string, kind: NumberedKind, ordinal: number): string {
	return `${runId}.${kind}-${String(ordinal).padStart(4, '0')}.${kind === 'archive' ? 'zip' : 'ndjson.gz'}`;
}

export function recordName(runId: string, kind: 'cursor' | 'snapshot' | 'hold' | 'prune'): string {
	return `${runId}.${kind}.json`;
}

/** `<source key>/<name>` → `<source key>.<name>`: for storages without folders. */
export function flatName(key: string): string {
	return key.replaceAll('/', '.');
}

export type RepositoryFileKind =
	| 'repository' | 'readme' | 'archive' | 'segment' | 'seen' | 'cursor' | 'snapshot' | 'hold' | 'prune'
	| 'currentCursor' | 'copies' | 'lease' | 'unknown';

export interface ParsedKey {
	kind: RepositoryFileKind;
	/** The same file's key in a store, whatever spelling was given. Absent for `unknown`. */
	key?: string;
	sourceKey?: string;
	runId?: string;
	/** Of archives, segments, seen files and leases. */
	ordinal?: number;
	/** Of copies. */
	target?: string;
}

export function hasEncryptedName(name: string): boolean {
	return name.endsWith(ENCRYPTED_SUFFIX);
}

/** The name without what encryption adds to it. */
export function plainName(name: string): string {
	return hasEncryptedName(name) ? name.slice(0, -ENCRYPTED_SUFFIX.length) : name;
}

/** What a file of a repository is, by its path (`<source key>/<name>`) or flat name (`<source key>.<name>`). */
export function parseRepositoryKey(key: string): ParsedKey {
	if (key === 'repository.json') return { kind: 'repository', key };
	if (key === 'README.txt') return { kind: 'readme', key };
	const copies = COPIES.exec(key);
	if (copies?.[1] !== undefined && copies[2] !== undefined) {
		return { kind: 'copies', key: `copies/${copies[1]}/${copies[2]}.ndjson.gz`, target: copies[1], runId: copies[2] };
	}
	const inSource = IN_SOURCE.exec(key);
	if (inSource?.[1] === undefined || inSource[2] === undefined) return { kind: 'unknown' };
	const [, source, name] = inSource;
	const here = { sourceKey: source, key: `${source}/${name}` };
	if (name === 'cursor.json') return { kind: 'currentCursor', ...here };
	const lease = LEASE.exec(name);
	if (lease) return { kind: 'lease', ...here, ordinal: Number(lease[1]) };
	const ofRun = OF_RUN.exec(name);
	if (ofRun?.[1] === undefined) return { kind: 'unknown' };
	const numbered = ofRun[2] ?? ofRun[4];
	if (numbered !== undefined) {
		return { kind: numbered as NumberedKind, ...here, runId: ofRun[1], ordinal: Number(ofRun[3] ?? ofRun[5]) };
	}
	return { kind: ofRun[6] as 'cursor' | 'snapshot' | 'hold' | 'prune', ...here, runId: ofRun[1] };
}
export { entryName } from './entry-name';
