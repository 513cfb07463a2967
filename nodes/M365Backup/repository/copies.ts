import type { Ambient } from '../base/ambient';
import { Failure, isFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { storedName, type Store } from '../stores/store';
import { damagedFile, once } from './bytes';
import { checkTarget, formatLedger, parseLedger, type CopyLine, type CopyNews, type LedgerPart } from './copies-format';
import { MAX_LEDGER_TEXT_BYTES } from './limits';
import { newRunId, parseRepositoryKey } from './names';
import { putConfirmed } from './put-confirmed';
import { openSealedMembers, packSealed } from './sealed-gzip';

/** A ledger in more parts than that is written as one. */
const maxParts = 24;

/** What a copy holds of one repository file. */
export interface CopiedFile {
	size: number;
	sha256: string;
	/** When it was confirmed, ISO 8601 UTC. */
	at: string;
	/** The storage's own fields (id, key, path): what its node needs to download or delete the file again. */
	fields: JsonObject;
	/** Since when the copy holds it in the repository's stead, ISO 8601 UTC. */
	evicted?: string;
}

/** Which files a copy holds, by their keys. */
export type CopiedFiles = ReadonlyMap<string, CopiedFile>;

/**
 * The ledger of one target, in files that are written once: `copies/<target>/<run id>.ndjson.gz`. Of several lines for
 * a file the latest counts. A part that `includes` others repeats all that they said, so these need not be read.
 */
export class CopyLedger {
	private constructor(
		private readonly store: Store,
		private readonly ambient: Ambient,
		readonly target: string,
		private readonly content: LedgerContent,
	) {}

	/** Reads the target's ledger; a target that nobody has confirmed anything for has an empty one. Throws `invalid`, `corrupt`. */
	static async read(store: Store, ambient: Ambient, target: string, signal?: AbortSignal): Promise<CopyLedger> {
		const name = checkTarget(target);
		return new CopyLedger(store, ambient, name, await readLedger(store, name, signal));
	}

	/** What the copy holds now. */
	files(): CopiedFiles {
		const files = new Map<string, CopiedFile>();
		for (const [key, line] of this.content.lines) if (!line.deleted) files.set(key, line);
		return files;
	}

	get(key: string): CopiedFile | undefined {
		const line = this.content.lines.get(key);
		return line === undefined || line.deleted ? undefined : line;
	}

	/** Remembers what came to be in the copy (or, `deleted`, is no longer there). Durable once it resolves; writes nothing for no news. */
	async add(news: readonly CopyNews[], signal?: AbortSignal): Promise<void> {
		if (news.length === 0) return;
		const now = this.ambient.now();
		const whole = new Map(this.content.lines);
		const lines = news.map((line) => {
			const known = whole.get(line.key);
			const next = keeping({ ...line, at: timeAfter(known, now) }, known);
			whole.set(line.key, next);
			return next;
		});
		const isWhole = this.content.parts.length >= maxParts;
		const text = formatLedger({
			target: this.target,
			includes: isWhole ? [...this.content.repeated, ...this.content.parts] : [],
			lines: isWhole ? [...whole.values()] : lines,
		});
		const key = await this.putFresh(await packSealed(text), now, signal);
		for (const line of lines) this.content.lines.set(line.key, line);
		if (isWhole) for (const part of this.content.parts) this.content.repeated.add(part);
		this.content.parts = isWhole ? [key] : [...this.content.parts, key];
	}

	/** Two executions may confirm within one second: no part may replace another. */
	private async putFresh(bytes: Buffer, now: Date, signal?: AbortSignal): Promise<string> {
		for (;;) {
			const key = `copies/${this.target}/${newRunId(now, this.ambient.randomHex(2))}.ndjson.gz`;
			if (!this.store.capabilities.ifAbsent) {
				await putConfirmed({ store: this.store, ambient: this.ambient, signal }, key, () => once(bytes));
				return key;
			}
			try {
				await this.store.put(key, once(bytes), { ifAbsent: true, ...(signal && { signal }) });
				return key;
			} catch (error) {
				if (!isFailure(error, 'conflict')) throw error;
			}
		}
	}
}

/** Later than what is known of the file, also if the clock stood still or went back. */
function timeAfter(known: CopyLine | undefined, now: Date): string {
	const earliest = known === undefined ? 0 : Date.parse(known.at) + 1;
	return new Date(Math.max(now.getTime(), earliest)).toISOString();
}

/** What the parts of a ledger say together. */
interface LedgerContent {
	/** By key of the file; the latest line for each. */
	lines: Map<string, CopyLine>;
	/** Those that must be read, and those that they repeat. */
	parts: string[];
	repeated: Set<string>;
}

/** `target` as `checkTarget` spells it. Throws `corrupt`. */
export async function readLedger(store: Store, target: string, signal?: AbortSignal): Promise<LedgerContent> {
	const said: CopyLine[][] = [];
	const repeated = new Set<string>();
	const parts: string[] = [];
	const keys: string[] = [];
	for await (const { key } of store.list(`copies/${target}/`, signal)) {
		if (parseRepositoryKey(key).kind === 'copies') keys.push(key);
	}
	for (const key of keys.sort().reverse()) {
		if (repeated.has(key)) continue;
		const part = await readPart(store, key, signal);
		for (const other of part.includes) repeated.add(other);
		said.push(part.lines);
		parts.push(key);
	}
	const lines = new Map<string, CopyLine>();
	const inTurn = said.reverse().flat().sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
	for (const line of inTurn) lines.set(line.key, keeping(line, lines.get(line.key)));
	return { lines, repeated, parts: parts.filter((key) => !repeated.has(key)) };
}

/**
 * A file's next line, with what stays true of the one before it: that the repository does without the file. Whoever
 * confirms it again may have looked before it went, and would unsay that. It holds until the copy is told to have lost
 * the file; of one that is there it says nothing (evicted.ts).
 */
function keeping(line: CopyLine, before: CopyLine | undefined): CopyLine {
	if (line.deleted || line.evicted !== undefined || before === undefined || before.deleted || before.evicted === undefined) return line;
	const isSame = before.size === line.size && before.sha256 === line.sha256;
	return isSame ? { ...line, evicted: before.evicted } : line;
}

/** The targets that this repository knows copies in. */
export async function listTargets(store: Store, signal?: AbortSignal): Promise<string[]> {
	const targets = new Set<string>();
	for await (const { key } of store.list('copies/', signal)) {
		const parsed = parseRepositoryKey(key);
		if (parsed.kind === 'copies' && parsed.target !== undefined) targets.add(parsed.target);
	}
	return [...targets].sort();
}

async function onlyMember(content: AsyncIterable<Uint8Array>, key: string): Promise<Buffer> {
	let only: Buffer | undefined;
	for await (const plain of openSealedMembers(content, MAX_LEDGER_TEXT_BYTES, key)) {
		if (only !== undefined) throw damagedFile(key, 'it goes on after its end');
		only = plain;
	}
	return only ?? Buffer.alloc(0);
}

async function readPart(store: Store, key: string, signal?: AbortSignal): Promise<LedgerPart> {
	const content = await store.get(key, undefined, signal);
	// Somebody tidied up between the listing and now: a part that vanishes is repeated by a newer one.
	if (content === null) return { target: '', includes: [], lines: [] };
	try {
		return parseLedger(await onlyMember(content, key), key);
	} catch (error) {
		if (!isFailure(error, 'corrupt')) throw error;
		throw new Failure('corrupt', error.message, {
			code: 'damagedLedger',
			cause: error,
			nextStep: `Delete ${storedName(store, key)} from the repository: the files that it lists will then be copied once more.`,
		});
	}
}
