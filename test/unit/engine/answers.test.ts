import { describe, expect, it } from 'vitest';
import type { Fetched } from '../../../nodes/M365Backup/workloads/workload';
import { bytesOf, readAll } from '../repository/fixtures';
import { fixture, KEY, mail, page } from './scripted-workload';

const version = (name: string) => ({ name, title: name, extension: '.bin' });

describe('answers beside contents', () => {
	it('what is skipped for good is an item without content, counted once and not tried again', async () => {
		const { run, entries } = await fixture();
		const skipping = (id: string): Fetched => ({ id, skipped: 'Microsoft holds it to be malware', meta: { malware: 'EICAR' } });
		const first = await run({ pages: [page([mail('drive/1')], 'L1')], fetch: skipping });
		expect(first.summary).toMatchObject({ status: 'complete', changes: { added: 1, skipped: 1, failed: 0 }, failures: [] });
		const entry = (await entries()).get('drive/1');
		expect(entry).toMatchObject({ meta: { malware: 'EICAR', skipped: 'Microsoft holds it to be malware' } });
		expect(entry?.content).toBeUndefined();
		const second = await run({ pages: [page([mail('drive/1', 'mail/F', { isNew: false })], 'L2')], fetch: skipping });
		expect(second.input?.retry).toEqual([]);
		expect(second.summary.changes).toMatchObject({ skipped: 0 });
	});

	it('what is skipped keeps the content of better days', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([mail('drive/1')], 'L1')] });
		const before = (await entries()).get('drive/1')!.content;
		await run({ pages: [page([mail('drive/1', 'mail/F', { isNew: false })], 'L2')], fetch: (id) => ({ id, skipped: 'malware' }) });
		expect((await entries()).get('drive/1')).toMatchObject({ content: before, meta: { skipped: 'malware' } });
	});

	it('an item without anything to fetch that says why is counted as skipped', async () => {
		const { run } = await fixture();
		const { fetch: _none, ...notebook } = mail('drive/1', 'mail/F', { meta: { skipped: 'a notebook' } });
		expect((await run({ pages: [page([notebook], 'L1')] })).summary.changes).toMatchObject({ added: 1, skipped: 1 });
		expect((await run({ pages: [page([{ ...notebook, name: 'renamed' }], 'L2')] })).summary.changes).toMatchObject({ updated: 1, skipped: 0 });
	});

	it('an older content goes on as a version without being fetched again', async () => {
		const { repository, run, entries } = await fixture();
		await run({ pages: [page([mail('drive/1')], 'L1')], fetch: (id) => ({ id, content: bytesOf('first') }) });
		const second = (id: string): Fetched[] => [{ id, content: bytesOf('second!'), more: true }, { id, kept: { as: 'version-1.0' }, more: true }, { id, end: true }];
		await run({ pages: [page([mail('drive/1', 'mail/F', { isNew: false })], 'L2')], fetch: second });
		const third = (id: string): Fetched[] => [
			{ id, content: bytesOf('the third'), more: true },
			{ id, kept: { as: 'version-2.0' }, more: true },
			{ id, kept: { part: 'version-1.0' } },
		];
		const { summary } = await run({ pages: [page([mail('drive/1', 'mail/F', { isNew: false })], 'L3')], fetch: third });
		expect(summary.status).toBe('complete');
		const entry = (await entries()).get('drive/1')!;
		expect(entry.size).toBe(9);
		const read = entry.content!.map(async (ref) => [ref.part, (await readAll(repository.readContent(KEY, ref))).toString()]);
		expect(await Promise.all(read)).toEqual([[undefined, 'the third'], ['version-2.0', 'second!'], ['version-1.0', 'first']]);
	});

	it('what is to be kept and is not there fails, and nothing is lost', async () => {
		const { run, entries } = await fixture();
		await run({ pages: [page([mail('drive/1')], 'L1')] });
		const before = (await entries()).get('drive/1')!.content;
		const wrong = (id: string): Fetched[] => [
			{ id, content: bytesOf('new'), more: true },
			{ id, kept: { part: 'version-9' }, more: true },
			{ id, content: bytesOf('old'), part: version('version-8') },
		];
		const { summary } = await run({ pages: [page([mail('drive/1', 'mail/F', { isNew: false })], 'L2')], fetch: wrong });
		expect(summary.failures).toHaveLength(1);
		expect((await entries()).get('drive/1')!.content).toEqual(before);
	});
});
