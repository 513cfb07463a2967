import type { Store } from '../stores/store';
import { letGo } from '../base/let-go';
import { damagedFile, linesOf, readRange, sha256, unpackBytes } from './bytes';
import { parseLine, type LineText } from './catalog-line';
import { compareIds, sortIds } from './compare-ids';
import type { IdFilter } from './id-filter';
import { MAX_INDEX_TEXT_BYTES, MAX_MEMBER_BYTES, MAX_MEMBER_LINES, MAX_MEMBER_TEXT_BYTES } from './limits';
import type { CatalogLine, SegmentRef } from './records';
import type { MemberLines, SegmentCache } from './segment-cache';
import { parseIndex, type SegmentIndex, type SegmentMember } from './segment-format';

/** One ranged read takes as many neighbouring members as fit. */
const READ_AHEAD_BYTES = 1024 * 1024;
/** Members that one look-up reads at the same time. */
const PARALLEL_READS = 4;
/** Lines handed on at a time: parsed ones are large, and a merge holds a batch of each of its segments. */
const BATCH_LINES = 50;
/** Where hundreds of segments are read side by side, one member and a few parsed lines of each are enough. */
const LEAN_BATCH_LINES = 8;

interface MembersOptions {
	lean?: boolean;
	onMember?: (memberNumber: number) => void;
}

/** Reads one segment that a snapshot names: its index, the members a look-up needs, or all lines in order. */
export class SegmentReader {
	constructor(
		private readonly store: Store,
		private readonly prefix: string,
		readonly ref: SegmentRef,
		private readonly cache: SegmentCache,
		/** Of its ids, where this run has written it. */
		private readonly filter?: IdFilter,
	) {}

	private get key(): string {
		return `${this.prefix}/${this.ref.name}`;
	}

	/** The index member, its hash proven by the snapshot. Throws `corrupt`. */
	async index(signal?: AbortSignal): Promise<SegmentIndex> {
		return await this.cache.index(this.key, async () => {
			const { offset, length, sha256: expected } = this.ref.index;
			if (length > MAX_MEMBER_BYTES) throw damagedFile(this.key, 'its index is too large');
			const bytes = await readRange(this.store, this.key, { offset, length }, signal);
			if (sha256(bytes) !== expected) throw damagedFile(this.key, 'the hash of its index is wrong');
			return parseIndex(await unpackBytes(bytes, MAX_INDEX_TEXT_BYTES, this.key), this.key, offset);
		});
	}

	/**
	 * All lines in batches, in the order of their ids. Every hash is proven. With `lean` it holds one member at a time and
	 * reads nothing ahead. `onMember` is told the number of the member that the next batches come from.
	 */
	async *members(signal?: AbortSignal, { lean = false, onMember }: MembersOptions = {}): AsyncIterable<readonly LineText[]> {
		const { members } = await this.index(signal);
		const runBytes = lean ? 0 : READ_AHEAD_BYTES;
		const batchLines = lean ? LEAN_BATCH_LINES : BATCH_LINES;
		let ahead: Promise<Buffer> | undefined;
		for (let start = 0, end = 0; start < members.length; start = end) {
			end = runEnd(members, start, runBytes);
			const run = members.slice(start, end);
			const current = ahead ?? this.readRun(run, signal);
			const bytes = await current;
			ahead = end < members.length && !lean ? this.readRun(members.slice(end, runEnd(members, end, runBytes)), signal) : undefined;
			// Awaited in the next round; a consumer that stops before must not leave an unhandled rejection.
			ahead?.catch(() => undefined);
			const first = run[0]?.offset ?? 0;
			for (const [index, member] of run.entries()) {
				onMember?.(start + index);
				const plain = await this.plainOf(member, bytes.subarray(member.offset - first, member.offset - first + member.length));
				let batch: LineText[] = [];
				for (const line of this.parse(member, plain)) {
					batch.push(line);
					if (batch.length < batchLines) continue;
					yield batch;
					batch = [];
				}
				letGo(plain);
				if (batch.length > 0) yield batch;
			}
			letGo(bytes);
		}
	}

	/** The lines of these ids, reading only the members that can hold them. */
	async find(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, CatalogLine>> {
		const { filter } = this;
		const possible = filter ? ids.filter((id) => filter.mayHold(id)) : [...ids];
		if (possible.length === 0) return new Map();
		const { members } = await this.index(signal);
		const wanted = new Map<number, string[]>();
		for (const id of sortIds(possible)) {
			const position = memberOf(members, id);
			if (position < 0) continue;
			const list = wanted.get(position);
			if (list) list.push(id);
			else wanted.set(position, [id]);
		}
		const found = new Map<string, CatalogLine>();
		const tasks = [...wanted];
		const worker = async (): Promise<void> => {
			for (let task = tasks.shift(); task; task = tasks.shift()) {
				const [position, idsThere] = task;
				const member = members[position];
				if (member) findIn(await this.member(member, signal), idsThere, found, this.key);
			}
		};
		await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, tasks.length) }, worker));
		return found;
	}

	/** The lines of one member, by its number; none if there is no such member. */
	async linesOf(memberNumber: number, signal?: AbortSignal): Promise<LineText[]> {
		const member = (await this.index(signal)).members[memberNumber];
		return member ? (await this.member(member, signal)).texts.map((text) => parseLine(text, this.key)) : [];
	}

	private async member(member: SegmentMember, signal?: AbortSignal): Promise<MemberLines> {
		const cacheKey = `${this.key}@${member.offset}`;
		const cached = this.cache.member(cacheKey);
		if (cached) return cached;
		const bytes = await readRange(this.store, this.key, { offset: member.offset, length: checkedLength(this.key, member) }, signal);
		const plain = await this.plainOf(member, bytes);
		const ids: string[] = [];
		const texts: string[] = [];
		for (const { id, text } of this.parse(member, plain)) {
			ids.push(id);
			texts.push(text);
		}
		const read = { ids, texts, textChars: plain.length };
		letGo(plain);
		this.cache.keepMember(cacheKey, read);
		return read;
	}

	private async readRun(run: readonly SegmentMember[], signal?: AbortSignal): Promise<Buffer> {
		const offset = run[0]?.offset ?? 0;
		const length = run.reduce((sum, member) => sum + checkedLength(this.key, member), 0);
		return await readRange(this.store, this.key, { offset, length }, signal);
	}

	private async plainOf(member: SegmentMember, bytes: Uint8Array): Promise<Buffer> {
		if (sha256(bytes) !== member.sha256) throw damagedFile(this.key, `the hash of its member at ${member.offset} is wrong`);
		return await unpackBytes(bytes, MAX_MEMBER_TEXT_BYTES, this.key);
	}

	private *parse(member: SegmentMember, plain: Buffer): Generator<LineText, void, undefined> {
		let count = 0;
		let previous: string | undefined;
		for (const line of linesOf(plain)) {
			if (count === MAX_MEMBER_LINES) throw damagedFile(this.key, 'a member has too many lines');
			const parsed = parseLine(line, this.key);
			if (previous === undefined && parsed.id !== member.first) throw damagedFile(this.key, 'its index does not fit its lines');
			if (previous !== undefined && compareIds(previous, parsed.id) >= 0) throw damagedFile(this.key, 'its lines are out of order');
			previous = parsed.id;
			count++;
			yield parsed;
		}
		if (count === 0) throw damagedFile(this.key, 'its index does not fit its lines');
	}
}

function checkedLength(key: string, member: SegmentMember): number {
	if (member.length > MAX_MEMBER_BYTES) throw damagedFile(key, 'a member is too large');
	return member.length;
}

/** At least one member, and as many more as fit into `mostBytes`. */
function runEnd(members: readonly SegmentMember[], start: number, mostBytes: number): number {
	let end = start;
	let bytes = 0;
	do {
		bytes += members[end]?.length ?? 0;
		end++;
	} while (end < members.length && bytes + (members[end]?.length ?? 0) <= mostBytes);
	return end;
}

/** The last member whose first id is not after `id`, or -1. */
function memberOf(members: readonly SegmentMember[], id: string): number {
	let low = 0;
	let high = members.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (compareIds(members[middle]?.first ?? '', id) <= 0) low = middle + 1;
		else high = middle;
	}
	return low - 1;
}

function findIn(member: MemberLines, ids: readonly string[], found: Map<string, CatalogLine>, key: string): void {
	for (const id of ids) {
		let low = 0;
		let high = member.ids.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (compareIds(member.ids[middle] ?? '', id) < 0) low = middle + 1;
			else high = middle;
		}
		const text = member.texts[low];
		if (member.ids[low] === id && text !== undefined) found.set(id, parseLine(text, key).line);
	}
}
