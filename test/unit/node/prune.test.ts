import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getFilesToDelete } from '../../../nodes/M365Backup/actions/repositories/get-files-to-delete.operation';
import { hold } from '../../../nodes/M365Backup/actions/snapshot/hold.operation';
import { prune } from '../../../nodes/M365Backup/actions/snapshot/prune.operation';
import { release } from '../../../nodes/M365Backup/actions/snapshot/release.operation';
import { confirmCopied } from '../../../nodes/M365Backup/engine/confirm-copied';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { anna, mailRepository, type MailRepository } from './mail-repository';

describe('Prune, Hold and Release', () => {
	let base: string;
	let mail: MailRepository;

	beforeEach(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-prune-'));
		const days = [1, 2, 3, 4, 5, 6];
		mail = await mailRepository(base, days.map((day) => ({ finishedAt: `2025-11-0${day}T10:00:00Z` })));
		await grow(old);
	});
	afterEach(() => rm(base, { recursive: true, force: true }));

	const old = new Date('2025-11-07T00:00:00Z');
	/** What the store says of when its files were written. */
	const grow = async (time: Date): Promise<void> => {
		for (const name of await readdir(path.join(mail.folder, mail.key))) await utimes(path.join(mail.folder, mail.key, name), time, time);
	};
	const common = () => ({ repositoryType: 'localFolder', repositoryFolder: mail.folder, source: { mode: 'address', value: anna.name }, options: {} });
	const run = async (operation: typeof prune, parameters: Record<string, unknown>, more: Partial<FakeExecutionOptions> = {}) => {
		const fake = fakeExecution({ parameters: { ...common(), ...parameters }, ...more });
		return (await operation.execute.call(fake.context))[0]!.map(({ json }) => json);
	};
	const pruned = (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) =>
		run(prune, { mode: 'prune', retention: 'tiered', tiers: { last: 2 }, output: 'sources', ...parameters }, more);
	const times = async () => (await readdir(path.join(mail.folder, mail.key))).filter((name) => name.endsWith('.snapshot.json')).length;

	it('previews by default, and then removes just that', async () => {
		const fake = fakeExecution({ parameters: { ...common(), retention: 'tiered', tiers: { last: 2 } } });
		const [preview] = (await prune.execute.call(fake.context))[0]!;
		expect(preview!.json).toMatchObject({ wouldBe: true, removed: 4, kept: 2, waiting: 0, name: anna.name, kind: 'mailbox' });
		expect(preview!.json['message']).toMatch(/^anna@contoso.com: Would remove 4 of 6 snapshots \(\d+\.\d MB\)$/);
		expect(await times()).toBe(6);
		const [real] = await pruned();
		const { wouldBe: _would, message: _said, ...expected } = preview!.json;
		expect(real).toMatchObject(expected);
		expect(real!['message']).toMatch(/Removed 4 of 6/);
		expect(await times()).toBe(2);
	});

	it('tells each snapshot with its reason, newest first', async () => {
		const rows = await pruned({ mode: 'preview', output: 'snapshots' });
		expect(rows.map(({ time, decision }) => `${(time as string).slice(0, 10)} ${decision as string}`)).toEqual([
			'2025-11-06 keep', '2025-11-05 keep', '2025-11-04 remove', '2025-11-03 remove', '2025-11-02 remove', '2025-11-01 remove',
		]);
		expect(rows[0]!['reason']).toMatch(/newest complete snapshot; last snapshot/);
		expect(rows.every((row) => row['wouldBe'] === true)).toBe(true);
	});

	it('keeps days, and everything for 0', async () => {
		expect((await pruned({ retention: 'days', keepDays: 0 }))[0]).toMatchObject({ removed: 0, kept: 6 });
		// Two days back from the newest, and the state at their start.
		expect((await pruned({ retention: 'days', keepDays: 2 }))[0]).toMatchObject({ removed: 3, kept: 3 });
	});

	it('holds a snapshot with who and why, and releases it', async () => {
		const snapshot = { mode: 'id', value: mail.snapshots[1]!.id };
		expect(await run(hold, { snapshot, reason: 'Case 4711', heldBy: 'legal@contoso.com' })).toMatchObject([{ held: true, wasHeldBefore: false, by: 'legal@contoso.com' }]);
		await grow(old);
		const rows = await pruned({ output: 'snapshots' });
		expect(rows.find((row) => row['snapshot'] === snapshot.value)).toMatchObject({ decision: 'keep', reason: 'held by legal@contoso.com: Case 4711' });
		expect(await run(release, { snapshot })).toMatchObject([{ held: false, wasHeldBefore: true, reason: 'Case 4711' }]);
		expect(await run(release, { snapshot })).toMatchObject([{ held: false, wasHeldBefore: false }]);
		expect((await pruned())[0]).toMatchObject({ removed: 1 });
	});

	it('refuses a hold without a reason', async () => {
		await expect(run(hold, { snapshot: { mode: 'list', value: 'latest' }, reason: ' ', heldBy: '' })).rejects.toThrow('A hold needs a reason');
	});

	it('tells a copy what to delete', async () => {
		const confirmations = [];
		for await (const { fileName, sizeBytes, sha256 } of filesToCopy(mail.repository, { target: 'nas' })) confirmations.push({ fileName, sizeBytes, sha256, fields: { id: `nas/${fileName}` } });
		await confirmCopied(mail.repository, { target: 'nas', confirmations });
		expect(await run(getFilesToDelete, { target: 'nas' })).toEqual([]);
		await pruned();
		const files = await run(getFilesToDelete, { target: 'nas' });
		expect(files.filter(({ kind }) => kind === 'snapshot')).toHaveLength(4);
		expect(files[0]!['copy']).toEqual({ id: `nas/${files[0]!['fileName'] as string}` });
	});

	it.each([
		['days that an expression did not give', { retention: 'days', keepDays: '' }, /Days is ""/],
		['negative days', { retention: 'days', keepDays: -1 }, /Days is -1/],
		['a tier that is no number', { tiers: { daily: 'seven' } }, /tier daily is "seven"/],
		['a broken duration', { tiers: { within: '2 weeks' } }, /no duration/],
		['an unknown time zone', { options: { timeZone: 'Europe/Nowhere' } }, /no time zone/],
		['an unknown mode', { mode: 'delete' }, /no mode "delete"/],
	])('refuses %s, and removes nothing', async (_what, parameters, message) => {
		await expect(pruned(parameters)).rejects.toThrow(message);
		expect(await times()).toBe(6);
	});

	it('lets an AI agent only preview, unless the builder allows more', async () => {
		await expect(pruned({}, { isTool: true })).rejects.toThrow('An AI agent may not prune');
		expect(await pruned({ mode: 'preview' }, { isTool: true })).toHaveLength(1);
		expect((await pruned({ options: { allowTool: true } }, { isTool: true }))[0]).toMatchObject({ removed: 4 });
	});

	it('says which source could not be pruned and why, as an error or as an item', async () => {
		await writeFile(path.join(mail.folder, mail.key, `${mail.snapshots[2]!.id}.snapshot.json`), '{');
		await expect(pruned()).rejects.toThrow(/anna@contoso.com: .*nothing of this source was pruned/);
		const [item] = await pruned({}, { continueOnFail: true });
		expect(Object.keys(item!).sort()).toEqual(['details', 'error', 'message']);
		expect(item!['details']).toMatchObject({ source: { name: anna.name }, kind: 'corrupt' });
		expect(await times()).toBe(6);
	});
});
