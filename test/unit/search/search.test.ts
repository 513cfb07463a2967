import { beforeEach, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import { exportItem } from '../../../nodes/M365Backup/engine/export-items';
import { safeFileName } from '../../../nodes/M365Backup/engine/export-name';
import { listSnapshots } from '../../../nodes/M365Backup/engine/list-snapshots';
import { searchSnapshot, type FoundItem, type SearchQuery } from '../../../nodes/M365Backup/engine/search';
import { fold } from '../../../nodes/M365Backup/engine/search-text';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { ContentRef, SnapshotRecord, SourceRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';

const source: SourceRef = { workload: 'mailbox', id: '1b3a0e3c-0d0b-4f6e-9d5e-1f6f3f7a0001', name: 'Adele', tenantId: '1b3a0e3c-0d0b-4f6e-9d5e-1f6f3f7a0002' };
const key = sourceKey(source);

let repository: Repository;
let snapshot: SnapshotRecord;
let at = Date.parse('2026-11-22T10:00:00Z');
let content: ContentRef;

interface Mail {
	id: string;
	parent: string;
	subject: string;
	meta?: JsonObject;
	failed?: true;
}

async function commit(mails: Mail[], options: { status?: 'complete' | 'partial'; tag?: string; parent?: SnapshotRecord } = {}): Promise<SnapshotRecord> {
	at += 3_600_000;
	const run = repository.startRun(source, options.parent ?? null);
	const folders: [string, string, string | undefined, JsonObject][] = [
		['mail/in', 'Posteingang', undefined, { role: 'inbox' }],
		['mail/proj', 'Größe & Projekte', 'mail/in', {}],
		['mail/deep', 'a/b', 'mail/proj', {}],
		['mail/con', 'CON', undefined, {}],
	];
	for (const [id, name, parent, meta] of folders) await run.add({ id, whole: true, type: 'folder', name, meta, ...(parent ? { parent } : {}) });
	content = await run.addContent({
		entryName: 'Posteingang/x.eml',
		content: (async function* () {
			yield Buffer.from('Subject: x\r\n\r\nhello');
		})(),
	});
	for (const { id, parent, subject, meta, failed } of mails) {
		await run.add({
			id: `mail/${id}`, whole: true, type: 'message', parent, name: subject,
			meta: { ...(subject === '' ? {} : { subject }), ...meta },
			...(failed ? { failed: { reason: 'always 500', since: '2026-11-22T10:00:00Z', attempts: 3 } } : { content: [content] }),
		});
	}
	return run.commit({
		status: options.status ?? 'complete',
		scopes: [{ id: 'mail', name: 'Mail', asOf: new Date(at).toISOString(), state: options.status === 'partial' ? 'stale' : 'complete' }],
		totals: { items: mails.length, bytes: 0 },
		changes: { added: mails.length, updated: 0, deleted: 0, failed: 0, skipped: 0 },
		failures: [], cursor: { scopes: {}, failed: [], seen: [] }, tag: options.tag ?? null,
	});
}

beforeEach(async () => {
	const ambient = { ...realAmbient, now: () => new Date(at) };
	repository = await Repository.open(createMemoryStore({ now: () => new Date(at) }), ambient, { create: true });
	snapshot = await commit([
		{ id: 'm1', parent: 'mail/in', subject: 'Quarterly Report', meta: { from: { name: 'Ada Lovelace', address: 'ada@fabrikam.example' }, received: '2026-11-20T10:00:00Z', attachments: true, preview: 'The figures for Zürich' } },
		{ id: 'm2', parent: 'mail/proj', subject: 'Straße und Café', meta: { from: { name: 'Łukasz', address: 'lukasz@x.example' }, to: [{ name: 'Adele', address: 'adele@contoso.example' }], cc: [{ name: 'Émile', address: 'e@x.example' }], received: '2026-11-21T10:00:00Z' } },
		{ id: 'm3', parent: 'mail/deep', subject: '', meta: { bcc: [{ name: '', address: 'hidden@x.example' }], sent: '2026-11-22T09:00:00Z' } },
		{ id: 'm4', parent: 'mail/con', subject: '日本語の件名 ΟΔΟΣ', meta: { received: '2026-11-22T10:00:00Z' } },
	]);
});

async function search(query: SearchQuery, limit?: number): Promise<FoundItem[]> {
	const found: FoundItem[] = [];
	for await (const item of searchSnapshot(repository, snapshot, query, limit === undefined ? {} : { limit })) found.push(item);
	return found;
}

const ids = async (query: SearchQuery): Promise<string[]> => (await search(query)).map(({ id }) => id.slice(5)).sort();

describe('searching a snapshot', () => {
	it('finds all items but folders, with their place, snapshot and source', async () => {
		const found = await search({});
		expect(found.map(({ id, folderPath }) => [id, folderPath])).toEqual([
			['mail/m1', 'Posteingang'],
			['mail/m2', 'Posteingang/Größe & Projekte'],
			['mail/m3', 'Posteingang/Größe & Projekte/a/b'],
			['mail/m4', 'CON'],
		]);
		expect(found[0]).toMatchObject({ source, snapshot: { id: snapshot.id, time: snapshot.finishedAt } });
	});

	it.each<[SearchQuery, string[]]>([
		[{ text: 'quarterly' }, ['m1']],
		[{ text: 'REPORT quart' }, ['m1']],
		[{ text: '"report quart"' }, []],
		[{ text: '"terly rep"' }, ['m1']],
		[{ text: 'zurich' }, ['m1']],
		[{ text: 'strasse cafe' }, ['m2']],
		[{ text: 'STRASSE' }, ['m2']],
		[{ text: 'lukasz' }, ['m2']],
		[{ text: 'emile' }, ['m2']],
		[{ text: 'hidden@x' }, ['m3']],
		[{ text: '件名' }, ['m4']],
		[{ text: 'οδος' }, ['m4']],
		[{ text: 'nowhere' }, []],
		[{ text: '   ' }, ['m1', 'm2', 'm3', 'm4']],
		[{ subject: 'cafe' }, ['m2']],
		[{ subject: 'zurich' }, []],
		[{ from: 'lovelace' }, ['m1']],
		[{ from: 'adele' }, []],
		[{ to: 'adele' }, ['m2']],
		[{ to: 'emile' }, ['m2']],
		[{ hasAttachments: true }, ['m1']],
		[{ hasAttachments: false }, ['m2', 'm3', 'm4']],
		[{ after: new Date('2026-11-21T10:00:00Z') }, ['m2', 'm3', 'm4']],
		[{ before: new Date('2026-11-21T10:00:00Z') }, ['m1']],
		[{ after: new Date('2026-11-20T00:00:00Z'), before: new Date('2026-11-22T00:00:00Z'), hasAttachments: false }, ['m2']],
		[{ types: ['folder'] }, ['con', 'deep', 'in', 'proj']],
		[{ types: ['folder', 'message'], text: 'projekte' }, ['proj']],
		[{ types: ['event'] }, []],
		[{ folders: ['mail/in'] }, ['m1']],
		[{ folders: ['inbox'], includeSubfolders: true }, ['m1', 'm2', 'm3']],
		[{ folders: ['posteingang/grosse & projekte'] }, ['m2']],
		[{ folders: ['Posteingang/Größe & Projekte/a/b', 'CON'] }, ['m3', 'm4']],
		[{ ids: ['mail/m4', 'mail/m1', 'mail/none'] }, ['m1', 'm4']],
		[{ ids: ['mail/m4', 'mail/m1'], text: 'report' }, ['m1']],
	])('%j', async (query, expected) => {
		expect(await ids(query)).toEqual(expected);
	});

	it('stops at the limit', async () => {
		expect(await search({}, 2)).toHaveLength(2);
		expect(await search({}, 0)).toHaveLength(0);
	});

	it('says what is wrong with a question', async () => {
		await expect(search({ folders: ['Nowhere'] })).rejects.toMatchObject({ kind: 'notFound', message: expect.stringContaining('Nowhere') as string });
		await expect(search({ ids: Array.from({ length: 501 }, (_, n) => `mail/${n}`) })).rejects.toMatchObject({ kind: 'invalid' });
	});

	it('folds letters', () => {
		expect(fold('ÀÉÎÕÜ ß Æ ø Đ ı ς ﬁ Ⅷ ½')).toBe('aeiou ss ae o d i σ fi viii 1⁄2');
	});
});

describe('listing snapshots', () => {
	it('shows the newest first, with what a person chooses by', async () => {
		const second = await commit([], { status: 'partial', tag: 'before the upgrade', parent: snapshot });
		const all = await listSnapshots(repository);
		expect(all.map(({ id }) => id)).toEqual([second.id, snapshot.id]);
		expect(all[0]).toMatchObject({ status: 'partial', tag: 'before the upgrade', source, sourceKey: key, incompleteScopes: [{ name: 'Mail', state: 'stale' }] });
		expect(all[1]).toMatchObject({ status: 'complete', totals: { items: 4 }, incompleteScopes: [] });
		expect(await listSnapshots(repository, { sourceKeys: [key], limit: 1 })).toHaveLength(1);
		expect((await listSnapshots(repository, { asOf: new Date(snapshot.finishedAt) })).map(({ id }) => id)).toEqual([snapshot.id]);
		await expect(listSnapshots(repository, { sourceKeys: ['mailbox-0000000000000000'] })).rejects.toMatchObject({ kind: 'notFound' });
	});
});

describe('exporting an item', () => {
	it('gives a message as .eml under a safe name', async () => {
		const [item] = await search({ ids: ['mail/m1'] });
		const file = exportItem(repository, key, item!);
		expect(file).toMatchObject({ fileName: '2026-11-20 Quarterly Report.eml', mimeType: 'message/rfc822', sizeBytes: 19 });
		const chunks: Uint8Array[] = [];
		for await (const chunk of file.open()) chunks.push(chunk);
		expect(Buffer.concat(chunks).toString()).toBe('Subject: x\r\n\r\nhello');
	});

	it('refuses folders, and says why an item has no content', async () => {
		const [folder] = await search({ types: ['folder'], ids: ['mail/con'] });
		expect(() => exportItem(repository, key, folder!)).toThrow(expect.objectContaining({ kind: 'invalid' }));
		snapshot = await commit([{ id: 'bad', parent: 'mail/in', subject: 'bad', failed: true }], { parent: snapshot });
		const [bad] = await search({ ids: ['mail/bad'] });
		expect(() => exportItem(repository, key, bad!)).toThrow(expect.objectContaining({ kind: 'notFound', message: expect.stringContaining('always 500') as string }));
	});

	it.each([
		['../../etc/passwd', '_.._etc_passwd.eml'],
		['CON', '_CON.eml'],
		['con.txt', '_con.txt.eml'],
		['a:b*c?d"e<f>g|h\\i', 'a_b_c_d_e_f_g_h_i.eml'],
		['  . ', 'untitled.eml'],
		['', 'untitled.eml'],
		['line\r\nbreak\0', 'line_break_.eml'],
		['\u202Egpj.exe', '_gpj.exe.eml'],
		['\ud800 lone', '_ lone.eml'],
	])('names %j safely', (title, expected) => {
		expect(safeFileName(title, '.eml').replace(/_+/g, '_')).toBe(expected);
	});

	it('keeps names short, in bytes, without cutting a character', () => {
		const name = safeFileName('🎉'.repeat(400), '.eml');
		expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
		expect(name).toMatch(/^🎉+\.eml$/u);
	});
});
