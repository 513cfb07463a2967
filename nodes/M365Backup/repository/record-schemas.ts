import { z } from 'zod';
import { Failure } from '../base/failure';
import { damagedFile } from './bytes';
import { MAX_LIST_LENGTH, MAX_SEGMENTS, MAX_TEXT_CHARS } from './limits';
import { isRunId, parseRepositoryKey, type RepositoryFileKind } from './names';
import type { EncryptionRecord } from './encryption';
import type { RecordMac } from './record-mac';
import type { CursorRecord, SnapshotRecord, SourceRef } from './records';
import { openSealed } from './sealed-json';

/** Records are checked when read, since a repository may come from anywhere. Unknown fields are kept. */

const text = z.string().max(MAX_TEXT_CHARS);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const runId = z.string().refine(isRunId, 'not a run id');
const time = text.refine((value) => !Number.isNaN(Date.parse(value)), 'not a date');

function list<T extends z.ZodTypeAny>(of: T): z.ZodArray<T> {
	return z.array(of).max(MAX_LIST_LENGTH);
}

/** Names become keys in a store: only those that this format makes are let through. */
function fileName(kind: RepositoryFileKind): z.ZodTypeAny {
	return text.refine((name) => parseRepositoryKey(`mailbox-0000000000000000/${name}`).kind === kind, `not the name of a ${kind}`);
}

const source = z
	.object({ workload: z.enum(['mailbox', 'drive', 'site']), id: text, name: text, tenantId: text })
	.passthrough();

const snapshotSchema = z
	.object({
		format: z.literal(1),
		source,
		id: runId,
		startedAt: time,
		finishedAt: time,
		status: z.enum(['complete', 'partial']),
		parent: z.object({ id: runId, sha256: hash }).passthrough().nullable(),
		scopes: list(
			z.object({ id: text, name: text, asOf: time.nullable(), state: z.enum(['complete', 'stale', 'excluded']) }).passthrough(),
		),
		totals: z.object({ items: count, bytes: count }).passthrough(),
		changes: z.object({ added: count, updated: count, deleted: count, failed: count, skipped: count }).passthrough(),
		segments: list(
			z
				.object({
					name: fileName('segment'),
					size: count,
					sha256: hash,
					lines: count,
					index: z.object({ offset: count, length: count, sha256: hash }).passthrough(),
				})
				.passthrough(),
		).max(MAX_SEGMENTS),
		archives: list(z.object({ name: fileName('archive'), size: count, sha256: hash }).passthrough()),
		cursor: z.object({ name: fileName('cursor'), sha256: hash }).passthrough(),
		failures: list(z.object({ id: text, name: text, reason: text, since: text, attempts: count }).passthrough()),
		tag: text.nullable(),
		mac: text.optional(),
	})
	.passthrough();

const cursorSchema = z
	.object({
		format: z.literal(1),
		run: runId,
		snapshot: runId,
		checkedAt: time,
		segments: list(fileName('segment')),
		scopes: z.record(text),
		failed: list(text),
		seen: list(fileName('seen')),
		notes: z.record(z.unknown()).optional(),
	})
	.passthrough();

const repositorySchema = z
	.object({
		format: z.literal('m365-backup'),
		version: z.literal(1),
		id: z.string().regex(/^[0-9a-f]{32}$/),
		created: time,
		readme: hash,
		recipients: list(text).min(1).max(2).optional(),
		macKey: text.optional(),
	})
	.passthrough();

/** What a record of an encrypted repository has to stand. */
export interface RecordProof {
	mac: RecordMac;
	sourceKey: string;
}

/** `repository.json`; `recipients` and `macKey` only where the repository is encrypted. */
export interface RepositoryRecord extends Partial<EncryptionRecord> {
	format: 'm365-backup';
	version: 1;
	id: string;
	/** ISO 8601 UTC. */
	created: string;
	/** SHA-256 of README.txt as this repository has it. */
	readme: string;
}

function check(schema: z.ZodTypeAny, value: unknown, key: string): unknown {
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	throw damagedFile(key, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`);
}

const OTHER_VERSION =
	'It was written by another version of M365 Backup. Update the node package to the newest version and try again; nothing was changed.';

/** What the text says, checked or not: another format version may be sealed in another way. */
function peek(bytes: Buffer, key: string): unknown {
	try {
		return JSON.parse(bytes.toString('utf8'));
	} catch (cause) {
		throw damagedFile(key, 'it is not JSON', cause);
	}
}

/** Throws `corrupt`, or `invalid` for another format version. */
function openRecord(bytes: Buffer, key: string): unknown {
	refuseOtherFormat(peek(bytes, key), key);
	return openSealed(bytes, key);
}

function refuseOtherFormat(value: unknown, key: string): void {
	const format: unknown = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
	if (typeof format === 'number' && format !== 1) {
		throw new Failure('invalid', `${key} has format version ${format}; this version of M365 Backup reads version 1`, {
			nextStep: OTHER_VERSION,
			code: 'otherFormat',
		});
	}
}

/** Throws `corrupt`, or `invalid` for another format version. */
export function parseSnapshotRecord(bytes: Buffer, key: string, proof?: RecordProof): SnapshotRecord {
	const value = openRecord(bytes, key);
	proof?.mac.prove(proof.sourceKey, value, key);
	const record = check(snapshotSchema, value, key) as SnapshotRecord;
	const named = parseRepositoryKey(key).runId;
	if (named !== undefined && named !== record.id) throw damagedFile(key, `it is the record of ${record.id}`);
	return record;
}

/** The source that the first line of an archive's list of items names, if it is one that does. */
export function parseSource(line: string): SourceRef | undefined {
	if (!line.startsWith('{"source":') || line.length > MAX_TEXT_CHARS) return undefined;
	try {
		const result = z.object({ source }).safeParse(JSON.parse(line));
		return result.success ? result.data.source : undefined;
	} catch {
		// Not JSON: then it is no such line, and whoever reads it as another one says so.
		return undefined;
	}
}

/** Throws `corrupt`, or `invalid` for another format version. */
export function parseCursorRecord(bytes: Buffer, key: string, proof?: RecordProof): CursorRecord {
	const value = openRecord(bytes, key);
	proof?.mac.prove(proof.sourceKey, value, key);
	return check(cursorSchema, value, key) as CursorRecord;
}

/** Throws `invalid` for what is no repository of this format version. */
export function parseRepositoryRecord(bytes: Buffer, label: string): RepositoryRecord {
	const value = peek(bytes, 'repository.json') as { format?: unknown; version?: unknown } | null;
	if (value?.format !== 'm365-backup') {
		throw new Failure('invalid', `The repository.json in ${label} does not belong to M365 Backup`, {
			nextStep: 'Choose another folder; nothing was changed.',
		});
	}
	if (value.version !== 1) {
		throw new Failure(
			'invalid',
			`The repository in ${label} has format version ${String(value.version)}; this version of M365 Backup reads version 1`,
			{ nextStep: OTHER_VERSION, code: 'otherFormat' },
		);
	}
	return check(repositorySchema, openSealed(bytes, 'repository.json'), 'repository.json') as RepositoryRecord;
}
