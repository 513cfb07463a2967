import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateFileName } from 'yauzl';
import { emptyTally, exportZip } from '../../../nodes/M365Backup/engine/export-zip';
import { contentsLine } from '../../../nodes/M365Backup/engine/export-contents';
import type { ExportOptions } from '../../../nodes/M365Backup/engine/export-items';
import { searchSnapshot, type FoundItem } from '../../../nodes/M365Backup/engine/search';
import { ZipPaths } from '../../../nodes/M365Backup/engine/zip-paths';
import { safeFileName } from '../../../nodes/M365Backup/engine/export-name';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { ContentRef, SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import type { Repository } from '../../../nodes/M365Backup/repository/repository';
import { bytesOf, commitInput, message, openNew, readAll, SOURCE } from '../repository/fixtures';
import { unzip } from './unzip';
import { cpuTimer } from '../../support/cpu-time';

const key = sourceKey(SOURCE);

/** A mailbox with what makes an export difficult. */
async function sample(): Promise<{ repository: Repository; snapshot: SnapshotRecord; damage: (archive: string) => Promise<void> }> {
	const { repository, store } = await openNew();
	const run = repository.startRun(SOURCE, null);
	const put = (entryName: string, content: string | Buffer): Promise<ContentRef> => run.addContent({ entryName, content: bytesOf(content) });
	await run.add({ id: 'mail/in', whole: true, type: 'folder', name: 'Inbox', meta: {} });
	await run.add({ id: 'mail/odd', whole: true, type: 'folder', name: '../..', parent: 'mail/in', meta: {} });
	await run.add({ id: 'calendar/root', whole: true, type: 'folder', name: 'Calendars', meta: {} });
	await run.add({ id: 'calendar/work', whole: true, type: 'folder', name: 'Work', parent: 'calendar/root', meta: {} });
	const received = '2026-11-20T10:00:00Z';
	for (const [id, name, parent] of [['1', 'Report', 'mail/in'], ['2', 'REPORT', 'mail/in'], ['3', 'Report', 'mail/in'], ['4', 'x', 'mail/odd']] as const) {
		await run.add(message(`mail/${id}`, { name, parent, meta: { received }, content: [await put(`Inbox/${id} [0000000${id}].eml`, `Subject: ${name}\r\n\r\nbody ${id}`)] }));
	}
	await run.add(message('mail/5', { name: '=HYPERLINK("http://x"),\n"quoted"', parent: 'mail/in', meta: { received }, failed: { reason: 'always 500', since: received, attempts: 3 } }));
	await run.add({
		id: 'calendar/e1', whole: true, type: 'event', name: 'Stand-up', parent: 'calendar/work', meta: { subject: 'Stand-up', start: '2026-11-22T09:00:00Z' },
		content: [
			await put('Calendars/Work/2026-11-22 Stand-up [0a0a0a0a].json', '{\n  "subject": "Stand-up"\n}'),
			{ ...(await put('Calendars/Work/2026-11-22 Stand-up, agenda [0b0b0b0b].pdf', 'PDF')), part: 'attachment-1' },
		],
	});
	const large = Buffer.alloc(3 * 1024 * 1024, 'large ');
	await run.add(message('mail/6', { name: 'Large', parent: 'mail/in', meta: { received }, content: [await put('Inbox/Large [00000006].eml', large)] }));
	const snapshot = await run.commit(commitInput());
	return {
		repository,
		snapshot,
		async damage(archive) {
			const bytes = await readAll((await store.get(`${key}/${archive}`))!);
			const { offset, length } = (await repository.catalog(snapshot).lookUp(['mail/2'])).get('mail/2')!.content![0]!;
			bytes.fill(0xff, offset + length - 30, offset + length - 20);
			await store.delete([`${key}/${archive}`]);
			await store.put(`${key}/${archive}`, bytesOf(bytes));
		},
	};
}

async function zipped(repository: Repository, snapshot: SnapshotRecord, options: ExportOptions = {}) {
	const tally = emptyTally();
	const bytes = await readAll(exportZip(repository, key, searchSnapshot(repository, snapshot, {}), tally, options));
	return { files: await unzip(bytes), tally };
}

describe('exporting items as one ZIP', () => {
	it('holds each item in its folder under a safe name of its own, and a list of everything', async () => {
		const { repository, snapshot } = await sample();
		const { files, tally } = await zipped(repository, snapshot, { format: 'original' });
		expect([...files.keys()].sort()).toEqual([
			'Calendars/Work/2026-11-22 Stand-up, agenda.pdf',
			'Calendars/Work/2026-11-22 Stand-up.json',
			'Inbox/2026-11-20 Large.eml',
			'Inbox/2026-11-20 REPORT (2).eml',
			'Inbox/2026-11-20 Report (3).eml',
			'Inbox/2026-11-20 Report.eml',
			'Inbox/untitled/untitled/2026-11-20 x.eml',
			'contents.csv',
		]);
		expect(files.get('Inbox/2026-11-20 Report (3).eml')!.toString()).toBe('Subject: Report\r\n\r\nbody 3');
		expect(files.get('Inbox/2026-11-20 Large.eml')!.equals(Buffer.alloc(3 * 1024 * 1024, 'large '))).toBe(true);
		expect(files.get('Calendars/Work/2026-11-22 Stand-up, agenda.pdf')!.toString()).toBe('PDF');
		expect(tally).toMatchObject({ items: 7, files: 7, failed: 1, failures: [{ id: 'mail/5', reason: expect.stringContaining('always 500') as string }] });

		const list = files.get('contents.csv')!.toString();
		expect(list.startsWith('\uFEFFStatus,Kind,Name,Folder,Date,Files,Reason,Snapshot,ID\r\n')).toBe(true);
		expect(list).toContain(`exported,event,Stand-up,Calendars/Work,2026-11-22T09:00:00Z,`);
		expect(list).toContain(`"'=HYPERLINK(""http://x""), ""quoted""",Inbox`);
		expect(list.match(/^failed,/gm)).toHaveLength(1);
		expect(list.match(/^exported,/gm)).toHaveLength(6);
	});

	it('lists what turns out to be damaged instead of putting half of it in, and goes on', async () => {
		const { repository, snapshot, damage } = await sample();
		await damage(snapshot.archives[0]!.name);
		const { files, tally } = await zipped(repository, snapshot, { format: 'original' });
		expect([...files.keys()]).not.toContain('Inbox/2026-11-20 REPORT.eml');
		expect(files.get('contents.csv')!.toString()).toMatch(/^failed,message,REPORT,Inbox,.*mail\/2\r$/m);
		expect(tally).toMatchObject({ items: 7, failed: 2 });
		expect(files.has('Inbox/2026-11-20 Large.eml')).toBe(true);
	});

	it('ends with the error of its source, and stops when nobody reads on', async () => {
		const { repository, snapshot } = await sample();
		const failing = async function* (): AsyncGenerator<FoundItem> {
			yield* searchSnapshot(repository, snapshot, {}, { limit: 1 });
			throw new Error('the catalog is damaged');
		};
		await expect(readAll(exportZip(repository, key, failing(), emptyTally()))).rejects.toThrow('the catalog is damaged');

		let asked = 0;
		const endless = async function* (): AsyncGenerator<FoundItem> {
			for (;;) {
				asked += 1;
				yield* searchSnapshot(repository, snapshot, { ids: ['mail/6'] });
			}
		};
		for await (const chunk of exportZip(repository, key, endless(), emptyTally())) if (chunk.length > 0) break;
		const before = asked;
		await once(process, 'nothing', { signal: AbortSignal.timeout(100) }).catch(() => undefined);
		expect(asked - before).toBeLessThanOrEqual(1);
	});

	it('holds every one of many items', async () => {
		const { repository, snapshot } = await sample();
		const many = async function* (): AsyncGenerator<FoundItem> {
			for await (const item of searchSnapshot(repository, snapshot, { ids: ['mail/1'] })) {
				for (let number = 0; number < 600; number += 1) yield { ...item, name: `Report ${number}` };
			}
		};
		const files = await unzip(await readAll(exportZip(repository, key, many(), emptyTally())));
		expect(files.size).toBe(601);
		expect(files.get('Inbox/2026-11-20 Report 599.eml')!.toString()).toBe('Subject: Report\r\n\r\nbody 1');
		expect(files.get('contents.csv')!.toString().match(/^exported,/gm)).toHaveLength(600);
	});

	it('lists nothing that a spreadsheet would take for a formula, whichever separator it splits at', () => {
		const split = (line: string, separator: string): string[] => line.split(separator).map((cell) => cell.replace(/^"+/, ''));
		for (const name of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', 'a;=1+1', 'a;"=1', 'a\t=1', '\uFF1D1', '\uFF0B1', '\uFF0D1', '\uFF201', ' =1+1', 'a\n=1']) {
			const item = { id: 'mail/1', type: 'message', name, folderPath: name, meta: {}, snapshot: { id: 'x', time: name }, source: SOURCE } as unknown as FoundItem;
			const line = contentsLine({ item, files: [`${name}/x.eml`], failure: name });
			for (const separator of [',', ';', '\t', '\n']) {
				for (const cell of split(line.replace(/\r\n$/, ''), separator)) expect(cell, JSON.stringify([name, separator, line])).not.toMatch(/^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/);
			}
		}
	});

	it('numbers many items of one name without looking at all numbers for each', () => {
		const paths = new ZipPaths();
		const spentMs = cpuTimer();
		for (let number = 0; number < 20_000; number += 1) paths.take(['Inbox'], '2026-11-22 Alert.eml');
		expect(paths.take(['INBOX'], '2026-11-22 alert.eml')).toBe('Inbox/2026-11-22 alert (20001).eml');
		expect(spentMs()).toBeLessThan(2_000);
	});

	it('never makes a file and a folder of one path', () => {
		const paths = new ZipPaths(['contents.csv']);
		expect(paths.take([], 'a.eml')).toBe('a.eml');
		const taken = [paths.take(['Contents.csv'], 'x.eml'), paths.take(['a.eml'], 'x.eml'), paths.take(['b.eml'], 'x.eml'), paths.take([], 'B.eml')];
		expect(taken).toEqual(['Contents.csv (2)/x.eml', 'a.eml (2)/x.eml', 'b.eml/x.eml', 'B (2).eml']);
		expect(paths.take(['a.eml'], 'y.eml')).toBe('a.eml (2)/y.eml');
	});

	it('never hands out a path twice, nor one that leads outside, whatever the names', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }), fc.string({ unit: 'grapheme' }))), (wanted) => {
				const paths = new ZipPaths(['contents.csv']);
				const given = wanted.map(([folders, name]) => paths.take(folders, safeFileName(name, '.eml')));
				expect(new Set(['contents.csv', ...given].map((path) => path.normalize('NFC').toLowerCase())).size).toBe(given.length + 1);
				for (const path of given) {
					expect(path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
					expect(validateFileName(path)).toBeNull();
					// No file where another path needs a folder.
					expect(given.some((other) => other.normalize('NFC').toLowerCase().startsWith(`${path.normalize('NFC').toLowerCase()}/`))).toBe(false);
				}
			}),
		);
	});
});
