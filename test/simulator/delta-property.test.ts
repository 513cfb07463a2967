import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphCaller, plainMime, type Answer } from './graph-caller';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';
import { randomRuns } from '../support/random-runs';

let simulator: RunningSimulator;
let graph: GraphCaller;
let serial = 0;

beforeAll(async () => {
	simulator = await startSimulator({ http: true, users: 0, switches: { throttling: false } });
	graph = new GraphCaller(simulator);
});
afterAll(() => simulator.stop());

function newMailbox(): Mailbox {
	return simulator.tenant.addUser({ displayName: `User ${++serial}`, userPrincipalName: `user${serial}@contoso.example` }).mailbox!;
}

/** A client that believes every entry, in the order in which it comes. */
class Follower {
	readonly seen = new Map<string, unknown>();
	private link: string;

	constructor(
		start: string,
		private readonly options: { mutable: boolean; maxPageSize: number },
		private readonly shown: string,
	) {
		this.link = start;
	}

	/** One page; whether the round is over. */
	async step(): Promise<boolean> {
		const page: Answer = await graph.get(this.link, this.options);
		expect(page.status).toBe(200);
		for (const entry of page.json.value) {
			if (entry['@removed']) this.seen.delete(entry.id);
			else this.seen.set(entry.id, entry[this.shown]);
		}
		this.link = page.json['@odata.nextLink'] ?? page.json['@odata.deltaLink']!;
		return page.json['@odata.deltaLink'] !== undefined;
	}

	async finish(): Promise<void> {
		while (!(await this.step()));
	}
}

const step = fc.record({ kind: fc.constantFrom('add', 'move', 'read', 'categorise', 'delete', 'purge', 'page'), which: fc.nat(30), folder: fc.nat(2) });

describe('following delta', () => {
	it.each([
		{ name: 'mutable ids', mutable: true, reportsReturns: false },
		{ name: 'immutable ids, with returns reported', mutable: false, reportsReturns: true },
	])('ends with exactly the messages of the folder, whatever happens in between ($name)', async ({ mutable, reportsReturns }) => {
		simulator.tenant.switches.deltaReportsReturns = reportsReturns;
		simulator.tenant.switches.partialDeltaEntries = false;
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (steps, maxPageSize) => {
				const mailbox = newMailbox();
				const folders = ['inbox', 'archive', 'deleteditems'].map((role) => mailbox.folder(role)) as [MailFolder, MailFolder, MailFolder];
				for (let n = 0; n < 5; n++) mailbox.addMime(folders[n % 2]!, plainMime(`start ${n}`));
				const follower = new Follower(`/users/${mailbox.user.id}/mailFolders/inbox/messages/delta?$select=isRead`, { mutable, maxPageSize }, 'isRead');
				for (const { kind, which, folder } of steps) {
					const all = [...mailbox.allMessages()];
					const message = all[which % Math.max(1, all.length)];
					if (kind === 'add') mailbox.addMime(folders[folder]!, plainMime(`m${which}`));
					else if (kind === 'page') await follower.step();
					else if (message && kind === 'move') mailbox.move(message, folders[folder]!);
					else if (message && kind === 'read') mailbox.patch(message, { isRead: !message.isRead });
					else if (message && kind === 'categorise') mailbox.patch(message, { categories: ['x'] });
					else if (message && kind === 'delete') mailbox.delete(message);
					else if (message) mailbox.purge(message);
				}
				await follower.finish();
				await follower.finish();
				const expected = new Map([...folders[0].messages()].map((message) => [mutable ? message.mutableId : message.id, message.isRead]));
				expect(new Map([...follower.seen].sort())).toEqual(new Map([...expected].sort()));
			}),
			{ numRuns: randomRuns(60) },
		);
	});

	it('ends with exactly the visible folders, whatever happens in between', async () => {
		const folderStep = fc.record({ kind: fc.constantFrom('add', 'rename', 'move', 'delete', 'page'), which: fc.nat(30), to: fc.nat(30) });
		await fc.assert(
			fc.asyncProperty(fc.array(folderStep, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (steps, maxPageSize) => {
				const mailbox = newMailbox();
				const follower = new Follower(`/users/${mailbox.user.id}/mailFolders/delta`, { mutable: false, maxPageSize }, 'displayName');
				let names = 0;
				for (const { kind, which, to } of steps) {
					const own = [...mailbox.folders.values()].filter((folder) => !folder.role);
					const folder = own[which % Math.max(1, own.length)];
					const target = own[to % Math.max(1, own.length)] ?? mailbox.root;
					if (kind === 'add') mailbox.addFolder(to % 3 ? target : mailbox.root, `f${names++}`);
					else if (kind === 'page') await follower.step();
					else if (folder && kind === 'rename') mailbox.renameFolder(folder, `f${names++}`);
					else if (folder && kind === 'move' && target !== folder && !target.isBelow(folder)) mailbox.moveFolder(folder, target);
					else if (folder && kind === 'delete') mailbox.deleteFolder(folder);
				}
				await follower.finish();
				await follower.finish();
				const visible = [...mailbox.folders.values()].filter((folder) => folder.isBelow(mailbox.root) && !folder.isHidden);
				expect(new Map([...follower.seen].sort())).toEqual(new Map(visible.map(({ id, displayName }): [string, unknown] => [id, displayName]).sort()));
			}),
			{ numRuns: randomRuns(60) },
		);
	});
});
