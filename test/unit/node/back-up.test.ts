import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NodeApiError, NodeOperationError, type INodeExecutionData } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backUp } from '../../../nodes/M365Backup/actions/mailbox/back-up.operation';
import { useCases } from '../../../nodes/M365Backup/actions/use-cases';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { BackUpOptions } from '../../../nodes/M365Backup/engine/back-up-options';
import type { BackUpSummary } from '../../../nodes/M365Backup/engine/back-up-summary';
import { fakeExecution, type FakeExecutionOptions } from './fake-execution';

const tenantId = '7a3e0c36-5d2f-4c0e-9d0a-3b3c1f0a1111';
const users = ['anna', 'bob', 'carla'].map((name, index) => ({
	id: `00000000-0000-4000-8000-00000000000${index}`,
	displayName: name,
	userPrincipalName: `${name}@contoso.com`,
}));

const sent: string[] = [];
const graph = {
	stats: { requests: 0, calls: 0, throttledMs: 0, retries: 0, resourceUnits: 0 },
	clockSkewMs: () => 0,
	json: async ({ path: asked }: { path: string }) => {
		sent.push(asked);
		const user = users.find(({ id, userPrincipalName }) => [id, encodeURIComponent(userPrincipalName)].some((one) => asked.includes(one)));
		if (user) return user;
		// The search by address.
		if (asked.startsWith('/users?')) return { value: [] };
		throw new Failure('notFound', 'Resource does not exist', { status: 404 });
	},
};
vi.mock('../../../nodes/M365Backup/connect/graph', () => ({ connectGraph: async () => ({ graph, tenantId }) }));

describe('Mailbox: Back Up', () => {
	let folder: string;
	let calls: BackUpOptions[];
	const before = { ...useCases };

	beforeEach(async () => {
		folder = await mkdtemp(path.join(tmpdir(), 'm365-back-up-'));
		calls = [];
		sent.length = 0;
		useCases.backUp = async (options) => {
			calls.push(options);
			return summaryOf(options);
		};
	});
	afterEach(async () => {
		Object.assign(useCases, before);
		await rm(folder, { recursive: true, force: true });
	});

	const run = async (mailboxes: string[], more: Partial<FakeExecutionOptions> & { options?: Record<string, unknown>; given?: object } = {}) => {
		const fake = fakeExecution({
			items: mailboxes.map(() => ({ json: {} })),
			parameters: (itemIndex) => ({
				mailbox: { mode: 'id', value: mailboxes[itemIndex] },
				repositoryType: 'localFolder',
				repositoryFolder: path.join(folder, 'repository'),
				outputFilesToCopy: false,
				options: { useAnyway: true, ...more.options },
				...more.given,
			}),
			...more,
		});
		return { ...fake, outputs: () => backUp.execute.call(fake.context) };
	};

	it('backs up the mailbox of each item and pairs each summary with it', async () => {
		const { outputs } = await run(['anna@contoso.com', users[1]!.id, 'carla@contoso.com']);
		const [items, ...others] = await outputs();
		expect(others).toEqual([]);
		expect(items!.map(({ json, pairedItem }) => [(json['source'] as { name: string }).name, json['status'], pairedItem])).toEqual([
			['anna@contoso.com', 'complete', { item: 0 }],
			['bob@contoso.com', 'complete', { item: 1 }],
			['carla@contoso.com', 'complete', { item: 2 }],
		]);
		expect(calls[0]!.source).toEqual({ workload: 'mailbox', id: users[0]!.id, name: 'anna@contoso.com', tenantId });
		expect(await readdir(path.join(folder, 'repository'))).toContain('repository.json');
	});

	it.each<[string, Record<string, unknown>, object]>([
		['everything, with lossy messages exported', {}, { content: ['calendar', 'contacts', 'mail', 'settings', 'tasks'], recoverableItems: false, exchangeExport: 'lossy' }],
		['what was chosen', { content: ['tasks', 'mail'], recoverableItems: true, exchangeExport: 'off' }, { content: ['mail', 'tasks'], recoverableItems: true, exchangeExport: 'off' }],
	])('backs up %s', async (_name, options, expected) => {
		const asked: unknown[] = [];
		useCases.mailboxWorkload = (given) => {
			asked.push(given);
			return before.mailboxWorkload(given);
		};
		await (await run(['anna@contoso.com'], { options })).outputs();
		expect(asked).toEqual([expect.objectContaining(expected)]);
		expect([...(asked[0] as { content: string[] }).content].sort()).toEqual((expected as { content: string[] }).content);
	});

	it('backs up a mailbox that two items name once, and gives both its summary', async () => {
		const { outputs } = await run(['anna@contoso.com', users[0]!.id, 'bob@contoso.com']);
		const [items] = await outputs();
		expect(calls).toHaveLength(2);
		expect(items).toHaveLength(3);
		expect(items![1]!.json['source']).toEqual(items![0]!.json['source']);
		expect(items![1]!.pairedItem).toEqual({ item: 1 });
		expect(items!.map(({ json }) => (json['warnings'] as string[]).length)).toEqual([0, 1, 0]);
	});

	it.each([
		[undefined, 2],
		[1, 1],
		[3, 3],
	])('runs %s sources side by side', async (parallelSources, most) => {
		let running = 0;
		let highest = 0;
		let open = (): void => undefined;
		const allThere = new Promise<void>((resolve) => (open = resolve));
		useCases.backUp = async (options) => {
			highest = Math.max(highest, (running += 1));
			// Nobody ends before as many as may have begun; then there is a moment for one too many.
			if (running === most) setTimeout(open, 20);
			await allThere;
			running -= 1;
			return summaryOf(options);
		};
		const { outputs } = await run(users.map(({ id }) => id), { options: parallelSources ? { parallelSources } : {} });
		await outputs();
		expect(highest).toBe(most);
	});

	it('with Continue On Fail turns a failed source into an item with exactly error, message and details', async () => {
		const { outputs } = await run(['anna@contoso.com', 'nobody@contoso.com', 'bob@contoso.com'], { continueOnFail: true });
		const [items] = await outputs();
		expect(items!.map(({ json }) => json['status'] ?? 'failed')).toEqual(['complete', 'failed', 'complete']);
		const failed = items![1]!;
		expect(Object.keys(failed.json).sort()).toEqual(['details', 'error', 'message']);
		expect(failed.json['error']).toBe('The tenant has no user nobody@contoso.com');
		expect(failed.json['message']).toContain('Check the spelling');
		expect(failed.json['details']).toMatchObject({ source: null, kind: 'notFound', status: 404 });
		expect(failed.pairedItem).toEqual({ item: 1 });
	});

	it('names the source of a backup that failed', async () => {
		useCases.backUp = async () => {
			throw new Failure('denied', 'Access is denied', { status: 403, nextStep: 'Grant Mail.Read.' });
		};
		const { outputs } = await run(['anna@contoso.com'], { continueOnFail: true });
		const [items] = await outputs();
		expect(items![0]!.json).toEqual({
			error: 'Access is denied',
			message: 'anna@contoso.com: Access is denied. Grant Mail.Read.',
			details: {
				source: { workload: 'mailbox', id: users[0]!.id, name: 'anna@contoso.com', tenantId },
				kind: 'denied',
				nextStep: 'Grant Mail.Read.',
				status: 403,
			},
		});
	});

	it('without it runs all, then one error lists the failures by cause', async () => {
		useCases.backUp = async (options) => {
			calls.push(options);
			if (options.source.name.startsWith('carla')) return summaryOf(options);
			throw new Failure('denied', 'Access is denied', { status: 403, nextStep: 'Grant Mail.Read' });
		};
		const { outputs } = await run(users.map(({ id }) => id), { options: { parallelSources: 1 } });
		const error = await failure(outputs());
		expect(calls.map(({ source }) => source.name)).toEqual(users.map(({ userPrincipalName }) => userPrincipalName));
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error.message).toBe('2 of 3 mailboxes were not backed up completely');
		expect(error.description).toBe(
			'anna@contoso.com, bob@contoso.com: Access is denied. Grant Mail.Read.\nThe others were backed up.',
		);
	});

	it("shows a single failure as it is: Graph's as an API error, the user's as an operation error", async () => {
		const api = await failure((await run(['nobody@contoso.com'])).outputs());
		expect(api).toBeInstanceOf(NodeApiError);
		expect(api).toMatchObject({ message: 'The tenant has no user nobody@contoso.com', httpCode: '404', context: { itemIndex: 0 } });
		expect(api.description).toContain('Check the spelling');
		const operation = await failure((await run(['not an address'])).outputs());
		expect(operation).toBeInstanceOf(NodeOperationError);
		expect(operation.description).toContain('nathan@example.com');
	});

	describe('Fail When Incomplete', () => {
		const partial: Partial<BackUpSummary> = { status: 'partial', message: 'anna@contoso.com: INCOMPLETE; a folder could not be read' };

		it('raises an error after everything ran', async () => {
			useCases.backUp = async (options) => {
				calls.push(options);
				return { ...summaryOf(options), ...(options.source.name.startsWith('anna') ? partial : {}) };
			};
			const error = await failure((await run(['anna@contoso.com', 'bob@contoso.com'])).outputs());
			expect(calls).toHaveLength(2);
			expect(error.message).toBe(partial.message);
			expect(error.description).toContain('Fail When Incomplete');
		});

		it('with Continue On Fail gives an error item that still tells what was stored', async () => {
			useCases.backUp = async (options) => ({ ...summaryOf(options), ...partial });
			const [items] = await (await run(['anna@contoso.com'], { continueOnFail: true })).outputs();
			expect(items![0]!.json['error']).toBe(partial.message);
			expect(items![0]!.json['details']).toMatchObject({ status: 'partial', snapshot: { id: 'run' }, source: { id: users[0]!.id } });
		});

		it('is silent when turned off', async () => {
			useCases.backUp = async (options) => ({ ...summaryOf(options), ...partial });
			const [items] = await (await run(['anna@contoso.com'], { options: { failWhenIncomplete: false } })).outputs();
			expect(items![0]!.json['status']).toBe('partial');
		});

		it.each<[string, Partial<BackUpSummary>]>([
			['a limit that was set', { status: 'partial', hasMore: true, stoppedBy: 'limit' }],
			['cancellation', { status: 'partial', hasMore: true, stoppedBy: 'cancellation' }],
			['another run on the same mailbox', { status: 'alreadyRunning' }],
			['nothing new', { status: 'unchanged' }],
		])('never minds %s', async (_name, result) => {
			useCases.backUp = async (options) => ({ ...summaryOf(options), ...result });
			const [items] = await (await run(['anna@contoso.com'])).outputs();
			expect(items![0]!.json).toMatchObject(result);
		});
	});

	describe('limits', () => {
		it('stops a run by hand after 5 minutes and says that the schedule goes on', async () => {
			useCases.backUp = async (options) => {
				calls.push(options);
				return { ...summaryOf(options), status: 'partial', hasMore: true, stoppedBy: 'limit' };
			};
			const { outputs, hints } = await run(['anna@contoso.com'], { mode: 'manual' });
			await outputs();
			expect(calls[0]!.stopAfter).toEqual({ ms: 300_000 });
			expect(hints.map(({ message }) => message)).toEqual([expect.stringContaining('stops after 5 minutes')]);
		});

		it.each([
			['an own limit', { stopAfterMinutes: 20, stopAfterGb: 1.5 }, { ms: 1_200_000, bytes: 1_500_000_000 }],
			['no limit', { stopAfterMinutes: 0 }, {}],
		])('lets it have %s', async (_name, options, stopAfter) => {
			const { outputs, hints } = await run(['anna@contoso.com'], { mode: 'manual', options });
			await outputs();
			expect(calls[0]!.stopAfter).toEqual(stopAfter);
			expect(hints).toEqual([]);
		});

		it('sets none for a scheduled run', async () => {
			await (await run(['anna@contoso.com'])).outputs();
			expect(calls[0]!.stopAfter).toEqual({});
		});
	});

	it('hands the options on', async () => {
		const signal = new AbortController().signal;
		const options = { fullResync: true, alwaysRecord: true, holdWhenUnusual: true, tag: ' before-move ' };
		await (await run(['anna@contoso.com'], { options, signal })).outputs();
		expect(calls[0]).toMatchObject({ fullResync: true, alwaysRecord: true, holdWhenUnusual: true, tag: 'before-move', signal, leaseHolder: 'n8n instance, execution 4711' });
	});

	it('starts nothing and reports nothing once the user has stopped the run', async () => {
		const [items] = await (await run(['anna@contoso.com'], { signal: AbortSignal.abort() })).outputs();
		expect([items, calls, sent]).toEqual([[], [], []]);
	});

	it.each<[string, Record<string, unknown>, RegExp]>([
		['no mailbox', { given: { mailbox: { mode: 'list', value: '' } } }, /No mailbox was chosen/],
		['a negative limit', { options: { stopAfterMinutes: -1 } }, /Stop After \(Minutes\) is -1/],
		['a limit that is no number', { options: { stopAfterGb: Number.NaN } }, /Stop After \(GB\)/],
		['no content', { options: { content: [] } }, /No content was chosen/],
		['an unknown Exchange export', { options: { exchangeExport: 'some' } }, /Exchange Export is "some"/],
		['no source at a time', { options: { parallelSources: 0 } }, /Parallel Sources is 0/],
		['a relative folder', { given: { repositoryFolder: 'backups' } }, /not a whole path/],
		['an unknown kind of repository', { given: { repositoryType: 'floppy' } }, /no repository type "floppy"/],
		['files to copy to nobody', { given: { outputFilesToCopy: true, target: ' ' } }, /Target Name is empty/],
		['a forbidden folder', { isBlocked: () => true }, /n8n does not let nodes use the folder/],
	])('refuses %s before anything is sent or stored', async (_name, more, message) => {
		const { outputs } = await run(['anna@contoso.com'], more);
		expect((await failure(outputs())).message).toMatch(message);
		expect([sent, calls, await readdir(folder)]).toEqual([[], [], []]);
	});

	it('puts the files to copy out as a second output, each paired with the item of its mailbox', async () => {
		const { outputs, files } = await run(['anna@contoso.com', 'bob@contoso.com'], { given: { outputFilesToCopy: true, target: 'drive', sizeLimitMb: 500 } });
		const [summaries, emitted] = await outputs();
		expect(summaries).toHaveLength(2);
		expect(emitted!.map(({ json }: INodeExecutionData) => json['fileName'])).toEqual(['repository.json', 'README.txt']);
		const [first] = emitted!;
		expect(first!.json).toMatchObject({ path: 'repository.json', folder: '', kind: 'repository', size: files.get('repository.json')!.length });
		expect(first!.json['sha256']).toMatch(/^[0-9a-f]{64}$/);
		expect(first!.binary!['data']).toMatchObject({ fileName: 'repository.json', mimeType: 'application/json' });
		expect(first!.pairedItem).toEqual({ item: 0 });
	});
});

function summaryOf(options: BackUpOptions): BackUpSummary {
	return {
		status: 'complete',
		message: `${options.source.name}: backed up`,
		source: options.source,
		snapshot: { id: 'run', time: '2026-11-22T10:00:00Z' },
		changes: { added: 1, updated: 0, deleted: 0, failed: 0, skipped: 0 },
		totals: { items: 1, bytes: 1 },
		stored: { files: 1, bytes: 1 },
		failures: [],
		warnings: [],
		anomaly: { flagged: false, reasons: [] },
		graph: { requests: 1, calls: 1, throttledSeconds: 0, retries: 0 },
		durationSeconds: 1,
		hasMore: false,
		stoppedBy: null,
	};
}

async function failure(promise: Promise<unknown>): Promise<NodeOperationError | NodeApiError> {
	try {
		await promise;
	} catch (error) {
		return error as NodeOperationError;
	}
	throw new Error('It did not fail');
}
