import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NodeOperationError, type ILoadOptionsFunctions, type INode } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../../../nodes/M365Backup/actions/methods';
import { resolveFolder } from '../../../nodes/M365Backup/pickers/folder';
import { matching, picked } from '../../../nodes/M365Backup/pickers/field';
import { resolveSnapshot } from '../../../nodes/M365Backup/pickers/snapshot';
import { resolveSource } from '../../../nodes/M365Backup/pickers/source';
import { anna, mailRepository, type MailRepository } from './mail-repository';

const zone = 'Europe/Berlin';

describe('pickers', () => {
	let base: string;
	let mail: MailRepository;
	const restrict = process.env['N8N_RESTRICT_FILE_ACCESS_TO'];

	beforeAll(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-pickers-'));
		process.env['N8N_RESTRICT_FILE_ACCESS_TO'] = base;
		mail = await mailRepository(base, [
			{ finishedAt: '2026-11-20T10:00:00Z' },
			{ finishedAt: '2026-11-21T22:30:00Z', tag: 'before-move' },
			{ finishedAt: '2026-11-22T10:00:00Z', status: 'partial' },
		]);
	});
	afterAll(async () => {
		if (restrict === undefined) delete process.env['N8N_RESTRICT_FILE_ACCESS_TO'];
		else process.env['N8N_RESTRICT_FILE_ACCESS_TO'] = restrict;
		await rm(base, { recursive: true, force: true });
	});

	const panel = (parameters: Record<string, unknown>): ILoadOptionsFunctions =>
		({
			getNode: () => ({ name: 'M365 Backup', type: 'x' }) as INode,
			getTimezone: () => zone,
			getCurrentNodeParameter: (name: string) =>
				({ repositoryType: 'localFolder', repositoryFolder: mail.folder, ...parameters })[name],
		}) as unknown as ILoadOptionsFunctions;
	const source = { mode: 'list', value: '' };

	it('understands a plain text where an expression has replaced the picker', () => {
		expect(picked(' x ')).toEqual({ mode: 'id', value: 'x' });
		expect(picked({ __rl: true, mode: 'asOf', value: '2026' })).toEqual({ mode: 'asOf', value: '2026' });
		expect(picked(undefined)).toEqual({ mode: 'id', value: '' });
	});

	describe('mailbox of the repository', () => {
		it('lists what is backed up, by name', async () => {
			const list = methods.listSearch.searchSources;
			expect(await list.call(panel({}))).toEqual({ results: [{ name: `${anna.name} (mailbox)`, value: mail.key }] });
			expect(await list.call(panel({}), 'ANNA')).toMatchObject({ results: [{ value: mail.key }] });
			expect(await list.call(panel({}), 'bob')).toEqual({ results: [] });
		});

		it.each([
			['its key', () => mail.key],
			['its GUID', () => anna.id.toUpperCase()],
			['its address', () => 'Anna@Contoso.com'],
		])('is found by %s', async (_name, value) => {
			expect(await resolveSource(mail.repository, { mode: 'id', value: value() })).toMatchObject({ key: mail.key, source: anna });
		});

		it('says whose backups there are if it has none of this one', async () => {
			await expect(resolveSource(mail.repository, { mode: 'id', value: 'bob@contoso.com' })).rejects.toMatchObject({
				kind: 'notFound',
				nextStep: expect.stringContaining('anna@contoso.com') as string,
			});
		});

		it('says in the panel why nothing can be listed, and what to do', async () => {
			const outside = methods.listSearch.searchSources.call(panel({ repositoryFolder: '/etc' }));
			await expect(outside).rejects.toBeInstanceOf(NodeOperationError);
			await expect(outside).rejects.toMatchObject({ description: expect.stringContaining('N8N_RESTRICT_FILE_ACCESS_TO') as string });
			const empty = methods.listSearch.searchSources.call(panel({ repositoryFolder: path.join(base, 'none') }));
			await expect(empty).rejects.toBeInstanceOf(NodeOperationError);
		});
	});

	describe('snapshot', () => {
		it('lists Latest and then the newest first, with what tells them apart', async () => {
			const { results } = await methods.listSearch.searchSnapshots.call(panel({ source: { mode: 'list', value: mail.key } }));
			expect(results).toEqual([
				{ name: 'Latest', value: 'latest' },
				{ name: '2026-11-22 11:00 (3 items, partial)', value: mail.snapshots[2]!.id },
				{ name: '2026-11-21 23:30 (2 items, before-move)', value: mail.snapshots[1]!.id },
				{ name: '2026-11-20 11:00 (1 item)', value: mail.snapshots[0]!.id },
			]);
			expect((await methods.listSearch.searchSnapshots.call(panel({ source }))).results).toEqual([{ name: 'Latest', value: 'latest' }]);
		});

		it.each([
			['latest, which is the newest complete one', { mode: 'list', value: 'latest' }, 1],
			['nothing chosen', undefined, 1],
			['a moment', { mode: 'asOf', value: '2026-11-21T12:00' }, 0],
			['a moment with an offset', { mode: 'asOf', value: '2026-11-21T22:30:00Z' }, 1],
			['a day, which counts to its end in the zone of the workflow', { mode: 'asOf', value: '2026-11-21' }, 1],
			['a day before it was finished there', { mode: 'asOf', value: '2026-11-20' }, 0],
			['a date from an expression', '2026-11-21T12:00:00Z', 0],
		])('resolves %s', async (_name, raw, index) => {
			const { snapshot } = await resolveSnapshot(mail.repository, mail.key, raw, zone);
			expect(snapshot.id).toBe(mail.snapshots[index]!.id);
		});

		it('is found by ID, also a partial one, and says when Latest is older than a partial one', async () => {
			const partial = mail.snapshots[2]!.id;
			const byId = await resolveSnapshot(mail.repository, mail.key, { mode: 'list', value: partial }, zone);
			expect(byId).toMatchObject({ snapshot: { id: partial }, warnings: [] });
			const latest = await resolveSnapshot(mail.repository, mail.key, 'latest', zone);
			expect(latest.warnings).toEqual([expect.stringContaining(partial)]);
		});

		it.each([
			['no date', { mode: 'asOf', value: 'yesterday' }, 'invalid', 'is not a date'],
			['a date before the first', { mode: 'asOf', value: '2026-01-01' }, 'notFound', 'no snapshot as old as'],
			['an unknown ID', { mode: 'id', value: '20260101T000000Z-0000' }, 'notFound', ''],
			['nonsense', { mode: 'id', value: 'foo' }, 'notFound', 'no snapshot "foo"'],
		])('refuses %s', async (_name, raw, kind, message) => {
			await expect(resolveSnapshot(mail.repository, mail.key, raw, zone)).rejects.toMatchObject({
				kind,
				message: expect.stringContaining(message) as string,
				nextStep: expect.any(String) as string,
			});
		});
	});

	describe('folder', () => {
		it('lists the folders of the chosen snapshot by path', async () => {
			const parameters = { source: { mode: 'list', value: mail.key }, snapshot: { mode: 'list', value: 'latest' } };
			expect(await methods.listSearch.searchFolders.call(panel(parameters))).toEqual({
				results: [
					{ name: 'Posteingang', value: 'mail/inbox' },
					{ name: 'Posteingang/Projects', value: 'mail/projects' },
				],
			});
			expect((await methods.listSearch.searchFolders.call(panel(parameters), 'proj')).results).toHaveLength(1);
		});

		it.each([
			['posteingang/projects', 'mail/projects'],
			['/Posteingang/', 'mail/inbox'],
			['mail/inbox', 'mail/inbox'],
			['Inbox', 'mail/inbox'],
		])('is found by "%s"', async (value, id) => {
			expect(await resolveFolder(mail.repository, mail.snapshots[1]!, { mode: 'path', value })).toBe(id);
		});

		it('is found however its umlauts are spelt, as is the mailbox', async () => {
			const inOneSign = 'M\u00fcller & S\u00f6hne';
			const inTwo = inOneSign.normalize('NFD');
			expect(inTwo).not.toBe(inOneSign);
			for (const [kept, typed] of [[inOneSign, inTwo], [inTwo, inOneSign]] as const) {
				const { repository, snapshots, key } = await mailRepository(await mkdtemp(path.join(base, 'umlauts-')), [{ finishedAt: '2026-11-20T10:00:00Z' }], { ...anna, name: kept }, kept);
				expect(await resolveFolder(repository, snapshots[0]!, { mode: 'path', value: `posteingang/${typed.toLowerCase()}` })).toBe('mail/projects');
				expect(await resolveSource(repository, { mode: 'id', value: typed })).toMatchObject({ key });
				expect(matching([{ text: kept }], typed.slice(-6).toUpperCase(), ({ text }) => text)).toHaveLength(1);
			}
		});

		it('is missed by name', async () => {
			await expect(resolveFolder(mail.repository, mail.snapshots[1]!, { mode: 'path', value: 'Nowhere' })).rejects.toMatchObject({
				kind: 'notFound',
				message: 'The snapshot has no folder "Nowhere"',
			});
		});
	});
});
