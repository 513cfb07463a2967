import { damagedFile, linesOf } from './bytes';
import { MAX_INDEX_LINES, MAX_LINE_CHARS } from './limits';
import { parseRepositoryKey } from './names';
import type { FileRef } from './records';

/** One gzip member of a segment: where it stands and the first id in it. */
export interface SegmentMember {
	first: string;
	offset: number;
	length: number;
	sha256: string;
}

/**
 * The last gzip member of a segment, as NDJSON like the others: `{"index":1}`, then a line `{"member":{…}}` for each
 * member, then a line `{"archive":{…}}` for each archive that the segment's lines point into. None of them has an `id`.
 */
export interface SegmentIndex {
	members: SegmentMember[];
	archives: FileRef[];
}

export function formatIndex(index: SegmentIndex): string {
	const lines = [
		JSON.stringify({ index: 1, members: index.members.length, archives: index.archives.length }),
		...index.members.map((member) => JSON.stringify({ member })),
		...index.archives.map((archive) => JSON.stringify({ archive })),
	];
	return `${lines.join('\n')}\n`;
}

const HASH = /^[0-9a-f]{64}$/;

function isCount(value: unknown): boolean {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isMember(value: unknown): value is SegmentMember {
	if (typeof value !== 'object' || value === null) return false;
	const { first, offset, length, sha256 } = value as Record<string, unknown>;
	return typeof first === 'string' && isCount(offset) && isCount(length) && typeof sha256 === 'string' && HASH.test(sha256);
}

function isFileRef(value: unknown): value is FileRef {
	if (typeof value !== 'object' || value === null) return false;
	const { name, size, sha256 } = value as Record<string, unknown>;
	return typeof name === 'string' && parseRepositoryKey(`mailbox-0000000000000000/${name}`).kind === 'archive' && isCount(size) && typeof sha256 === 'string' && HASH.test(sha256);
}

/** Throws `corrupt`. `where` names the file, `end` is where its index starts. */
export function parseIndex(plain: Buffer, where: string, end: number): SegmentIndex {
	const index: SegmentIndex = { members: [], archives: [] };
	let header: Record<string, unknown> | undefined;
	let expectedOffset = 0;
	let lines = 0;
	for (const line of linesOf(plain)) {
		lines++;
		if (lines > MAX_INDEX_LINES) throw damagedFile(where, `the index has more than ${MAX_INDEX_LINES} lines`);
		const value = parseObject(line, where);
		if (header === undefined) {
			if (value.index !== 1) throw damagedFile(where, 'the index has an unknown form');
			header = value;
		} else if (isMember(value.member)) {
			if (value.member.offset !== expectedOffset) throw damagedFile(where, 'the index has a gap');
			expectedOffset += value.member.length;
			index.members.push(value.member);
		} else if (isFileRef(value.archive)) {
			index.archives.push(value.archive);
		} else if (value.member !== undefined || value.archive !== undefined) {
			throw damagedFile(where, 'the index has a bad line');
		}
	}
	if (header?.members !== index.members.length || header.archives !== index.archives.length || expectedOffset !== end) {
		throw damagedFile(where, 'the index is incomplete');
	}
	return index;
}

function parseObject(line: string, where: string): Record<string, unknown> {
	if (line.length > MAX_LINE_CHARS) throw damagedFile(where, 'the index has too long a line');
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch (cause) {
		throw damagedFile(where, 'the index is not JSON', cause);
	}
	if (typeof value !== 'object' || value === null) throw damagedFile(where, 'the index has a bad line');
	return value as Record<string, unknown>;
}
