import { createHash } from 'node:crypto';
import { Failure } from '../base/failure';
import { pack, packLines, sha256 } from './bytes';
import { archivesOf, type LineText } from './catalog-line';
import { IdFilter } from './id-filter';
import { MEMBER_LINES, MEMBER_TEXT_CHARS } from './limits';
import { putConfirmed, type PutContext } from './put-confirmed';
import type { FileRef, SegmentRef } from './records';
import { formatIndex, type SegmentMember } from './segment-format';

/** How many members are compressed at the same time. */
const PARALLEL_MEMBERS = 3;

export interface SegmentInput {
	name: string;
	/** Batches of lines, sorted by id, one line an id. Called once for each attempt to put the file. */
	lines: () => AsyncIterable<readonly LineText[]>;
	/** Size and hash of every archive that a line may point into. Null for a spill, which lists none: its archives may still be open. */
	archives: ReadonlyMap<string, FileRef> | null;
	memberLines?: number | undefined;
	/** How many lines there may be, for the filter of their ids. */
	expectedLines: number;
}

export interface WrittenSegment {
	ref: SegmentRef;
	/** Those that its lines point into. */
	archives: FileRef[];
	/** Of the ids of its lines. */
	filter: IdFilter;
}

/** Streams a segment to the store. With no lines at all nothing is stored and the answer is null. */
export async function writeSegment(context: PutContext, prefix: string, input: SegmentInput): Promise<WrittenSegment | null> {
	const first = await firstBatches(input.lines);
	if (first === null) return null;
	let written: WrittenSegment | undefined;
	let reuse: AsyncIterable<readonly LineText[]> | undefined = first;
	const stored = await putConfirmed(context, `${prefix}/${input.name}`, () => {
		const lines = reuse ?? input.lines();
		reuse = undefined;
		return encode(lines, input, (result) => (written = result));
	});
	if (!written) throw new Failure('defect', `The store took ${input.name} without reading it to its end`);
	return stored ? { ...written, ref: { ...written.ref, size: stored.sizeBytes, sha256: stored.sha256 } } : written;
}

/** The same batches, if there is at least one line: an empty segment is never written. */
async function firstBatches(open: SegmentInput['lines']): Promise<AsyncIterable<readonly LineText[]> | null> {
	const iterator = open()[Symbol.asyncIterator]();
	let step = await iterator.next();
	while (step.done !== true && step.value.length === 0) step = await iterator.next();
	if (step.done === true) return null;
	const { value } = step;
	return (async function* () {
		try {
			yield value;
			for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
		} finally {
			await iterator.return?.();
		}
	})();
}

async function* encode(
	batches: AsyncIterable<readonly LineText[]>,
	input: SegmentInput,
	onEnd: (written: WrittenSegment) => void,
): AsyncIterable<Uint8Array> {
	const hash = createHash('sha256');
	const members: SegmentMember[] = [];
	const archives = new Map<string, FileRef>();
	const waiting: { first: string; packed: Promise<Buffer> }[] = [];
	let offset = 0;
	const filter = new IdFilter(input.expectedLines);
	let lineCount = 0;

	async function next(): Promise<Buffer> {
		const member = waiting.shift();
		if (!member) throw new Failure('defect', 'No member is waiting');
		const bytes = await member.packed;
		members.push({ first: member.first, offset, length: bytes.length, sha256: sha256(bytes) });
		offset += bytes.length;
		hash.update(bytes);
		return bytes;
	}

	const note = ({ id, line }: LineText): void => {
		noteArchives(archivesOf(line), input, archives);
		filter.add(id);
		lineCount++;
	};
	for await (const member of groupMembers(batches, input.memberLines ?? MEMBER_LINES, note)) {
		const packed = packLines(member.texts);
		// Awaited in order later on; until then a rejection must not count as unhandled.
		packed.catch(() => undefined);
		waiting.push({ first: member.first, packed });
		if (waiting.length >= PARALLEL_MEMBERS) yield await next();
	}
	while (waiting.length > 0) yield await next();

	const listed = [...archives.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
	const index = await pack(formatIndex({ members, archives: listed }));
	hash.update(index);
	onEnd({
		ref: {
			name: input.name,
			size: offset + index.length,
			sha256: hash.digest('hex'),
			lines: lineCount,
			index: { offset, length: index.length, sha256: sha256(index) },
		},
		archives: listed,
		filter,
	});
	yield index;
}

function noteArchives(names: readonly string[], input: SegmentInput, found: Map<string, FileRef>): void {
	if (input.archives === null) return;
	for (const name of names) {
		if (found.has(name)) continue;
		const archive = input.archives.get(name);
		if (!archive) throw new Failure('defect', `A line of ${input.name} points into ${name}, which this run does not know`);
		found.set(name, archive);
	}
}

/** The texts of each member. `note` sees every line; parsed ones are not kept until their member is full. */
async function* groupMembers(
	batches: AsyncIterable<readonly LineText[]>,
	memberLines: number,
	note: (line: LineText) => void,
): AsyncIterable<{ first: string; texts: string[] }> {
	let member: { first: string; texts: string[] } | undefined;
	let chars = 0;
	for await (const batch of batches) {
		for (const line of batch) {
			note(line);
			member ??= { first: line.id, texts: [] };
			member.texts.push(line.text);
			chars += line.text.length;
			if (member.texts.length >= memberLines || chars >= MEMBER_TEXT_CHARS) {
				yield member;
				member = undefined;
				chars = 0;
			}
		}
	}
	if (member) yield member;
}
