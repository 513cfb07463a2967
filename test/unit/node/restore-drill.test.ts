import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { restoreDrill } from '../../../nodes/M365Backup/actions/item/restore-drill.operation';
import { useCases } from '../../../nodes/M365Backup/actions/use-cases';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { RestoreDrillOptions, RestoreDrillProof } from '../../../nodes/M365Backup/engine/restore-drill';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';
import { anna, mailRepository, type MailRepository } from './mail-repository';

vi.mock('../../../nodes/M365Backup/connect/graph', () => ({
	connectGraph: async () => ({ graph: { stats: {}, json: async () => ({ id: 'scratch-id', displayName: 'Scratch', userPrincipalName: 'scratch@contoso.com' }) }, tenantId: anna.tenantId, roles: ['Mail.ReadWrite'] }),
}));

describe('Restore Drill', () => {
	let base: string;
	let mail: MailRepository;
	let calls: RestoreDrillOptions[];
	let outcome: (options: RestoreDrillOptions) => RestoreDrillProof;
	const before = { ...useCases };

	beforeAll(async () => {
		base = await mkdtemp(path.join(tmpdir(), 'm365-drill-'));
		mail = await mailRepository(base, [{ finishedAt: '2026-11-20T10:00:00Z' }, { finishedAt: '2026-11-21T10:00:00Z' }]);
	});
	afterAll(() => rm(base, { recursive: true, force: true }));
	beforeEach(() => {
		calls = [];
		outcome = passed;
		useCases.restoreDrill = async (options) => {
			calls.push(options);
			return outcome(options);
		};
	});
	afterEach(() => Object.assign(useCases, before));

	const passed = ({ source, snapshot }: RestoreDrillOptions): RestoreDrillProof =>
		({ status: 'passed', message: `${source.name}: restore drill passed`, source, snapshot: { id: snapshot.id, time: snapshot.finishedAt }, sampled: 1, identical: 1, different: [], failed: [], leftBehind: [] }) as unknown as RestoreDrillProof;
	const failed = (options: RestoreDrillOptions): RestoreDrillProof => ({ ...passed(options), status: 'failed', message: `${anna.name}: restore drill FAILED`, leftBehind: [{ path: 'M365 Backup drill', id: 'AAMk', reason: 'Denied' }] });
	const run = async (parameters: Record<string, unknown> = {}, more: Partial<FakeExecutionOptions> = {}) => {
		const common = { repositoryType: 'localFolder', repositoryFolder: mail.folder, source: '', snapshot: { mode: 'list', value: 'latest' }, sampleItems: 20, scratchPlace: 'own', options: {} };
		const fake = fakeExecution({ parameters: { ...common, ...parameters }, ...more });
		return (await restoreDrill.execute.call(fake.context))[0]!.map(({ json }) => json);
	};

	it('drills the newest snapshot of every source, into the source itself', async () => {
		expect(await run()).toMatchObject([{ status: 'passed', source: { name: anna.name }, snapshot: { id: mail.snapshots[1]!.id } }]);
		expect(calls).toMatchObject([{ source: { id: anna.id }, items: 20 }]);
		expect(calls[0]!.scratch.lackedPermission('task')).toBe('Tasks.ReadWrite.All');
		expect(calls[0]).not.toHaveProperty('kinds');
	});

	it('as chosen: source, snapshot, number, kinds, seed, folder, size', async () => {
		const options = { itemKinds: ['message', 'event'], seed: ' abc ', folderName: 'Probe', largestItemMb: 5 };
		await run({ source: { mode: 'address', value: anna.name }, snapshot: { mode: 'id', value: mail.snapshots[0]!.id }, sampleItems: 7, options });
		expect(calls).toMatchObject([{ snapshot: { id: mail.snapshots[0]!.id }, items: 7, kinds: ['event', 'message'], seed: 'abc', folderName: 'Probe', largestBytes: 5e6 }]);
	});

	it('is done once for input items that ask for the same', async () => {
		expect(await run({}, { items: [{ json: {} }, { json: {} }] })).toHaveLength(1);
		expect(calls).toHaveLength(1);
	});

	it('that fails is an error by default, with what is left behind; an item to branch on if asked for', async () => {
		outcome = failed;
		await expect(run()).rejects.toMatchObject({ message: `${anna.name}: restore drill FAILED`, description: expect.stringContaining('Left behind: M365 Backup drill (Denied)') });
		expect(await run({ options: { failWhenDrillFails: false } })).toMatchObject([{ status: 'failed', message: `${anna.name}: restore drill FAILED` }]);
		const [item] = await run({}, { continueOnFail: true });
		expect(Object.keys(item!).sort()).toEqual(['details', 'error', 'message']);
		expect(item!['details']).toMatchObject({ status: 'failed', source: { name: anna.name } });
	});

	it('that cannot take place is said in the same way', async () => {
		outcome = () => {
			throw new Failure('denied', 'It lacks Mail.ReadWrite', { nextStep: 'Grant it.' });
		};
		await expect(run()).rejects.toMatchObject({ message: `${anna.name}: It lacks Mail.ReadWrite`, description: 'Grant it.' });
		expect(await run({ options: { failWhenDrillFails: false } })).toMatchObject([{ status: 'failed', message: `${anna.name}: restore drill FAILED. It lacks Mail.ReadWrite. Grant it.`, sampled: 0 }]);
	});

	it('that the user stops ends as a stop', async () => {
		outcome = () => {
			throw new Failure('cancelled', 'The restore drill was stopped. Left behind: X');
		};
		await expect(run({ options: { failWhenDrillFails: false } }, { continueOnFail: true })).rejects.toThrow('Left behind: X');
	});

	it('goes into another mailbox, but not into a drive what is a mailbox', async () => {
		let into: unknown;
		useCases.mailboxScratch = (options) => {
			into = options.mailboxId;
			return before.mailboxScratch(options);
		};
		await run({ scratchPlace: 'mailbox', targetMailbox: { mode: 'address', value: 'scratch@contoso.com' } });
		expect(into).toBe('scratch-id');
		const drive = { scratchPlace: 'drive', targetDriveOf: 'drive', targetDrive: { mode: 'id', value: 'b!x' } };
		await expect(run(drive)).rejects.toThrow('The repository has no backup of a drive that could be tried out');
		await expect(run({ ...drive, source: { mode: 'address', value: anna.name } })).rejects.toThrow(`${anna.name} is a mailbox: it cannot be tried out in another drive`);
		await expect(run({ scratchPlace: 'mailbox', targetMailbox: '' })).rejects.toThrow('Target Mailbox is empty');
		expect(calls).toHaveLength(1);
	});

	it.each([
		['a number that an expression did not give', { sampleItems: '' }, 'Number of Items is ""'],
		['a kind that is none', { options: { itemKinds: ['page'] } }, 'There is no kind "page"'],
		['a size of nothing', { options: { largestItemMb: 0 } }, 'Largest Item (MB) is 0'],
		['another place', { scratchPlace: 'elsewhere' }, 'There is no place "elsewhere"'],
	])('refuses %s, before anything is sent', async (_what, parameters, message) => {
		await expect(run(parameters)).rejects.toThrow(message);
		expect(calls).toEqual([]);
	});

	it('is not an AI agent\'s to start, unless the builder allows it', async () => {
		await expect(run({}, { isTool: true })).rejects.toThrow('An AI agent may not start a restore drill');
		expect(await run({ options: { allowTool: true } }, { isTool: true })).toHaveLength(1);
	});
});
