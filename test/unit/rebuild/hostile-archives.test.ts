import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rebuildCatalog } from '../../../nodes/M365Backup/engine/rebuild-catalog';
import { CATALOG_ENTRY } from '../../../nodes/M365Backup/repository/archive-writer';
import { MAX_ARCHIVE_LIST_BYTES, MAX_DIRECTORY_BYTES, MAX_DIRECTORY_ENTRIES, MAX_LINE_CHARS, MAX_LINE_DEPTH, MAX_TEXT_CHARS } from '../../../nodes/M365Backup/repository/limits';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { centralHeader, dataDescriptor, endOfArchive, localHeader } from '../../../nodes/M365Backup/repository/zip-headers';
import { KEY, newWorld } from '../crash/crash-world';
import { bytesOf, SOURCE } from '../repository/fixtures';
import { crc32 } from 'node:zlib';

const NAME = '20261122T100000Z-0001.archive-0001.zip';
const NOW = new Date('2026-11-22T10:00:00Z');

interface Forged {
	name?: string;
	content: Buffer;
	/** In place of the true size. */
	size?: number;
}

/** An archive whose directory says what it likes. */
function forgedArchive(entries: readonly Forged[], ending: { entries?: number; size?: number; offset?: number; shift?: number } = {}): Buffer {
	const parts: Buffer[] = [];
	const directory: Buffer[] = [];
	let offset = 0;
	for (const { name = CATALOG_ENTRY, content, size = content.length } of entries) {
		const packed = deflateRawSync(content);
		const bytes = Buffer.from(name);
		const descriptor = { crc32: crc32(content), size, compressedSize: packed.length };
		const entry = Buffer.concat([localHeader({ name: bytes, modified: NOW, compressed: true, offset }), packed, dataDescriptor(descriptor)]);
		directory.push(centralHeader({ name: bytes, modified: NOW, compressed: true, offset: offset + (ending.shift ?? 0), ...descriptor }));
		parts.push(entry);
		offset += entry.length;
	}
	const listed = Buffer.concat(directory);
	return Buffer.concat([...parts, listed, endOfArchive(ending.entries ?? entries.length, { offset: ending.offset ?? offset, size: ending.size ?? listed.length })]);
}

function list(...lines: string[]): Buffer {
	return Buffer.from([JSON.stringify({ source: SOURCE }), ...lines, ''].join('\n'));
}

function item(fields: object): string {
	return JSON.stringify({ id: 'mail/1', whole: true, type: 'message', name: 'A message', meta: {}, ...fields });
}

const ref = { archive: NAME, entry: 'Inbox/x.eml', offset: 0, length: 100, size: 100, sha256: 'a'.repeat(64) };

async function rebuildOf(bytes: Buffer) {
	const { store, ambient } = newWorld();
	const repository = await Repository.open(store, ambient, { create: true });
	await store.put(`${KEY}/${NAME}`, bytesOf(bytes));
	const report = await rebuildCatalog(repository, { key: KEY, mode: 'preview', source: SOURCE }).catch((error: unknown) => error as Error & { kind: string });
	return 'kind' in report ? { kind: report.kind, says: report.message } : { kind: 'ok', says: report.damaged.map(({ reason }) => reason).join(), report };
}

describe('an archive whose list of items is hostile', () => {
	it.each<[string, Buffer, string]>([
		['a directory of more entries than it can have', forgedArchive([{ content: list() }], { entries: MAX_DIRECTORY_ENTRIES + 1 }), `more than ${MAX_DIRECTORY_ENTRIES} entries`],
		['a directory of gigabytes', forgedArchive([{ content: list() }], { size: MAX_DIRECTORY_BYTES + 1 }), `larger than ${MAX_DIRECTORY_BYTES} bytes`],
		['a directory that stands elsewhere', forgedArchive([{ content: list() }], { offset: 10_000 }), 'not where its end says'],
		['entries that overlap', forgedArchive([{ content: list() }, { content: list() }], { shift: 5 }), 'has a gap'],
		['a bomb for a list', forgedArchive([{ content: Buffer.alloc(20_000_000, '\n'), size: 1000 }]), 'unpacks to more than 1000 bytes'],
		['a list of terabytes', forgedArchive([{ content: list(), size: MAX_ARCHIVE_LIST_BYTES * 300 }]), `larger than ${MAX_ARCHIVE_LIST_BYTES} bytes`],
		['a list that cannot be that large', forgedArchive([{ content: list(), size: 1_000_000_000 }]), 'cannot hold 1000000000'],
		['one gigantic line', forgedArchive([{ content: Buffer.alloc(MAX_LINE_CHARS * 2 + 100, 'x') }]), `longer than ${MAX_LINE_CHARS} characters`],
		['a line without an end', forgedArchive([{ content: Buffer.from(item({})) }]), 'ends within a line'],
		['depth without end', forgedArchive([{ content: list(`{"id":"a","meta":{"x":${'['.repeat(3000)}${']'.repeat(3000)}}}`) }]), `nested deeper than ${MAX_LINE_DEPTH}`],
		['an id longer than any', forgedArchive([{ content: list(item({ id: 'x'.repeat(MAX_TEXT_CHARS + 1) })) }]), 'has no id'],
		['an archive elsewhere', forgedArchive([{ content: list(item({ content: [{ ...ref, archive: '../../etc/passwd' }] })) }]), 'has a bad "content"'],
		['no list at all', forgedArchive([{ name: 'Inbox/x.eml', content: Buffer.from('hello') }]), 'has no list of its items'],
		['another source', forgedArchive([{ content: Buffer.from(`${JSON.stringify({ source: { ...SOURCE, id: 'somebody-else' } })}\n`) }]), 'belongs to another source'],
	])('that has %s is refused by name, in little time and memory', async (_what, bytes, says) => {
		const before = process.memoryUsage().rss;
		const found = await rebuildOf(bytes);
		expect(found.kind === 'ok' ? 'corrupt' : found.kind).toBe('corrupt');
		expect(found.says).toContain(says);
		expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
	});

	it.each<[string, object]>([
		['where no entry stands', { ...ref, offset: 7 }],
		['under another name', { ...ref, entry: 'Inbox/y.eml' }],
		['longer than it is', { ...ref, length: 5000 }],
		['in an archive that is not there', { ...ref, archive: NAME.replace('0001.zip', '0002.zip') }],
		['beyond the end of everything', { ...ref, offset: Number.MAX_SAFE_INTEGER, length: Number.MAX_SAFE_INTEGER }],
	])('that points to a content %s gives the item without it, and says so', async (_what, content) => {
		const found = await rebuildOf(forgedArchive([{ name: 'Inbox/x.eml', content: Buffer.from('hello') }, { content: list(item({ content: [content] })) }]));
		expect(found.report).toMatchObject({ items: 1, lost: { count: 1, items: [{ id: 'mail/1' }] } });
	});

	it('that ends items that another archive has ends none: only a backup says what was deleted', async () => {
		const found = await rebuildOf(forgedArchive([{ content: list(item({}), '{"id":"mail/1","deleted":"2026-11-22T10:00:00Z","type":"message","name":"A message"}') }]));
		expect(found.report).toMatchObject({ items: 1 });
	});
});
