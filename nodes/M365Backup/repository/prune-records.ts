import { z } from 'zod';
import type { Store } from '../stores/store';
import { damagedFile, readFile } from './bytes';
import { MAX_CURSOR_BYTES, MAX_LIST_LENGTH, MAX_RECORD_BYTES, MAX_TEXT_CHARS } from './limits';
import { isRunId, recordName } from './names';
import type { SourceRef } from './records';
import type { RetentionPolicy } from './retention';
import { openSealed, sealJson } from './sealed-json';

/** `<run id>.hold.json`: prune must keep this snapshot. */
export interface HoldRecord {
	format: 1;
	/** Run id of the snapshot. */
	snapshot: string;
	/** ISO 8601 UTC. */
	heldAt: string;
	/** Who. */
	by: string;
	/** Why. */
	reason: string;
}

/** A snapshot that a prune removed. */
export interface PrunedSnapshot {
	id: string;
	finishedAt: string;
	status: 'complete' | 'partial';
	/** Of the record's bytes: its children name it. */
	sha256: string;
	reason: string;
}

/** A file that a prune removed. `sha256` where a record told it. */
export interface PrunedFile {
	name: string;
	size: number;
	sha256?: string;
}

/**
 * `<run id>.prune.json`: what a prune was about to remove, written before anything is. So a record that is missing is
 * explained, and copies can follow; after a crash it may name what is still there, which the next prune removes.
 */
export interface PruneRecord {
	format: 1;
	/** Run id of the prune. */
	id: string;
	/** ISO 8601 UTC. */
	prunedAt: string;
	policy: RetentionPolicy;
	zone: string;
	snapshots: PrunedSnapshot[];
	files: PrunedFile[];
	/** Only where a source went that no longer exists. Such a record stays: it is all that is left of it. */
	gone?: GoneSource;
}

/** A source that no longer exists in Microsoft 365, whose snapshots a prune removed for that reason. */
export interface GoneSource {
	source: SourceRef;
	/** ISO 8601: when the last backup was finished. */
	lastBackedUpAt: string;
	/** ISO 8601: when it was last known to exist. */
	lastSeenAt: string;
	/** How it is known to be gone, for people. */
	reason: string;
}

const text = z.string().max(MAX_TEXT_CHARS);
const time = text.refine((value) => !Number.isNaN(Date.parse(value)), 'not a date');
const runId = z.string().refine(isRunId, 'not a run id');
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const holdSchema = z.object({ format: z.literal(1), snapshot: runId, heldAt: time, by: text, reason: text }).passthrough();
const goneSchema = z
	.object({
		source: z.object({ workload: z.enum(['mailbox', 'drive', 'site']), id: text, name: text, tenantId: text }).passthrough(),
		lastBackedUpAt: time,
		lastSeenAt: time,
		reason: text,
	})
	.passthrough();
const pruneSchema = z
	.object({
		format: z.literal(1),
		id: runId,
		prunedAt: time,
		policy: z.object({}).passthrough(),
		zone: text,
		snapshots: z
			.array(z.object({ id: runId, finishedAt: time, status: z.enum(['complete', 'partial']), sha256: hash, reason: text }).passthrough())
			.max(MAX_LIST_LENGTH),
		files: z.array(z.object({ name: text, size, sha256: hash.optional() }).passthrough()).max(MAX_LIST_LENGTH),
		gone: goneSchema.optional(),
	})
	.passthrough();

/** Null if there is none. Throws `corrupt`: whoever cannot read a hold must take the snapshot for held. */
export async function readHold(store: Store, key: string, id: string, signal?: AbortSignal): Promise<HoldRecord | null> {
	const file = `${key}/${recordName(id, 'hold')}`;
	const bytes = await readFile(store, file, MAX_RECORD_BYTES, signal);
	return bytes === null ? null : (parse(holdSchema, bytes, file) as HoldRecord);
}

/** Null if there is none. Throws `corrupt`. */
export async function readPrune(store: Store, key: string, name: string, signal?: AbortSignal): Promise<PruneRecord | null> {
	const file = `${key}/${name}`;
	const bytes = await readFile(store, file, MAX_CURSOR_BYTES, signal);
	return bytes === null ? null : (parse(pruneSchema, bytes, file) as PruneRecord);
}

export function formatRecord(record: HoldRecord | PruneRecord): Buffer {
	return sealJson(record);
}

function parse(schema: z.ZodTypeAny, bytes: Buffer, file: string): unknown {
	const result = schema.safeParse(openSealed(bytes, file));
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	throw damagedFile(file, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`);
}
