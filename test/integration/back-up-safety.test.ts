import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function filled(count: number, options: Parameters<typeof mailboxFixture>[0] = {}): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	const { mailbox } = fixture;
	mailbox.addFolder('inbox', 'News');
	for (let index = 0; index < count; index++) mailbox.addMime(index % 3 === 0 ? 'Posteingang/News' : 'inbox', plainMail(`Mail ${index}`));
	return fixture;
}

/** Graph that never says of a message that it was removed: of one that came and went between two links it need not. */
function withoutRemovals(graph: GraphClient): GraphClient {
	const quiet = Object.create(graph) as GraphClient;
	quiet.deltaBatch = async function* <T>(...args: Parameters<GraphClient['deltaBatch']>) {
		for await (const answer of graph.deltaBatch<T>(...args)) {
			if (answer.page) answer.page.items = answer.page.items.filter((item) => !('@removed' in (item as object)));
			yield answer;
		}
	} as GraphClient['deltaBatch'];
	return quiet;
}

/** Graph whose plain listings of messages break off. */
function withoutListings(graph: GraphClient): GraphClient {
	const broken = Object.create(graph) as GraphClient;
	broken.pages = async function* <T>(request: Parameters<GraphClient['pages']>[0]) {
		if (request.path.includes('/messages?')) throw new Failure('transient', 'Graph does not answer');
		yield* graph.pages<T>(request);
	} as GraphClient['pages'];
	return broken;
}

async function expectAll(): Promise<void> {
	expect(await fixture.messages()).toEqual(await fixture.living());
	expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
}

function bound(store: Store): Store {
	const { label, capabilities } = store;
	return { label, capabilities, list: store.list.bind(store), get: store.get.bind(store), put: store.put.bind(store), delete: store.delete.bind(store) };
}

/** Of the newest snapshot alone: older ones may lack what was lost. */
async function expectNewestWhole(): Promise<void> {
	expect(await fixture.messages()).toEqual(await fixture.living());
	const living = new Map([...fixture.mailbox.allMessages()].map((message) => [`mail/${message.id}`, message]));
	let bytes = 0;
	for (const entry of (await fixture.entries()).values()) {
		if (entry.type !== 'message') continue;
		expect(entry.failed).toBeUndefined();
		const content = await fixture.content(entry);
		expect(content).toEqual(await living.get(entry.id)!.content.mime());
		bytes += content.length;
	}
	expect((await fixture.repository.latest(fixture.key))!.totals).toEqual({ items: living.size, bytes });
}

describe('what nobody may lose', () => {
	it('a message that was stored in a page cut short, and deleted before the next run, is not called living', async () => {
		await filled(60);
		const first = await fixture.backUp({ stopAfter: { bytes: 1 } });
		expect(first).toMatchObject({ status: 'partial', hasMore: true });
		const [stored] = [...(await fixture.entries()).values()].filter(({ type }) => type === 'message');
		const message = [...fixture.mailbox.allMessages()].find(({ id }) => `mail/${id}` === stored!.id)!;
		fixture.mailbox.purge(message);
		const second = await fixture.backUp({ graphClient: withoutRemovals(fixture.client()) });
		expect(second.status).toBe('complete');
		await expectAll();
	});

	it('a comparison that broke off is made again in the next run', async () => {
		await filled(30);
		await fixture.backUp();
		const lost = fixture.mailbox.folder('inbox').sorted()[3]!;
		fixture.mailbox.purge(lost);
		await fixture.backUp({ graphClient: withoutListings(withoutRemovals(fixture.client())), hoursLater: 24 * 8 });
		expect((await fixture.messages()).length).toBe(30);
		await fixture.backUp();
		await expectAll();
	});

	it('a full resync does not call complete what has been read before and is forbidden now', async () => {
		await filled(30);
		await fixture.backUp();
		fixture.mailbox.forbid(fixture.mailbox.folder('Posteingang/News'));
		const summary = await fixture.backUp({ fullResync: true });
		expect(summary.status).toBe('partial');
		expect(summary.warnings.join()).toContain('Posteingang/News');
		expect(await fixture.messages()).toHaveLength(30);
	});

	it('a mailbox that somebody emptied is still whole in the snapshot before', async () => {
		await filled(30);
		await fixture.backUp();
		const before = await fixture.messages();
		const whole = (await fixture.repository.latest(fixture.key))!;
		for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { deleted: 30 }, totals: { items: 0, bytes: 0 } });
		const names: string[] = [];
		for await (const entry of fixture.repository.catalog(whole).entries()) {
			if (entry.type === 'message') names.push(entry.name);
			if (entry.type === 'message') expect((await fixture.content(entry)).length).toBe(entry.content![0]!.size);
		}
		expect(names).toHaveLength(before.length);
	});

	it('a folder that is left out, changed meanwhile, and taken in again is caught up', async () => {
		await filled(30);
		await fixture.backUp();
		const news = fixture.mailbox.folder('Posteingang/News');
		fixture.mailbox.purge(news.sorted()[0]!);
		fixture.mailbox.move(news.sorted()[1]!, fixture.mailbox.folder('inbox'));
		fixture.mailbox.addMime(news, plainMail('While it was left out'));
		await fixture.backUp({ excludeFolders: ['Posteingang/News'] });
		fixture.mailbox.addMime(news, plainMail('Later'));
		await fixture.backUp({ excludeFolders: ['Posteingang/News'] });
		expect((await fixture.backUp()).status).toBe('complete');
		await expectAll();
	});

	it('an archive that is lost is named, and a full resync fetches what it held', async () => {
		await filled(30);
		await fixture.backUp();
		const { archives } = (await fixture.repository.latest(fixture.key))!;
		for (let index = 0; index < 5; index++) fixture.mailbox.addMime('inbox', plainMail(`New ${index}`));
		await fixture.store.delete([`${fixture.key}/${archives[0]!.name}`]);
		await expect(fixture.backUp()).rejects.toMatchObject({
			kind: 'corrupt',
			message: expect.stringContaining(archives[0]!.name),
			nextStep: expect.stringContaining('Full Resync'),
		});
		const deleted = fixture.mailbox.folder('inbox').sorted()[0]!;
		fixture.mailbox.purge(deleted);
		const summary = await fixture.backUp({ fullResync: true });
		expect(summary).toMatchObject({ status: 'complete', failures: [], totals: { items: 34 } });
		expect(summary.warnings.join()).toContain(archives[0]!.name);
		await expectNewestWhole();
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('a full resync that is stopped after a lost archive was found says "partial" and is taken up by the next run', async () => {
		await filled(40);
		await fixture.backUp();
		const { archives } = (await fixture.repository.latest(fixture.key))!;
		await fixture.store.delete([`${fixture.key}/${archives[0]!.name}`]);
		expect(await fixture.backUp({ fullResync: true, stopAfter: { bytes: 1 } })).toMatchObject({ status: 'partial', hasMore: true });
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', failures: [], totals: { items: 40 } });
		await expectNewestWhole();
	});

	it.each(['deleted', 'damaged'])('a list of items that is %s is named, and a full resync begins a new one', async (how) => {
		await filled(30);
		await fixture.backUp();
		const first = (await fixture.repository.latest(fixture.key))!;
		const segment = `${fixture.key}/${first.segments[0]!.name}`;
		if (how === 'deleted') await fixture.store.delete([segment]);
		else {
			const bytes = Buffer.alloc(first.segments[0]!.size, 7);
			await fixture.store.put(segment, (async function* () { yield await Promise.resolve(bytes); })());
		}
		fixture.mailbox.addMime('inbox', plainMail('New'));
		const repository = await Repository.open(fixture.store, fixture.ambient);
		await expect(fixture.backUp({ repository })).rejects.toMatchObject({ kind: 'corrupt', nextStep: expect.stringContaining('Full Resync') });
		expect((await repository.latest(fixture.key))!.id).toBe(first.id);
		const summary = await fixture.backUp({ repository, fullResync: true });
		expect(summary).toMatchObject({ status: 'complete', totals: { items: 31 } });
		expect(summary.warnings.join()).toContain(first.segments[0]!.name);
		await expectNewestWhole();
		expect((await fixture.backUp({ repository })).status).toBe('unchanged');
	});

	it('a full resync of an undamaged repository fetches nothing and adds no snapshot without need', async () => {
		await filled(30);
		await fixture.backUp();
		const summary = await fixture.backUp({ fullResync: true });
		expect(summary).toMatchObject({ status: 'unchanged', changes: { added: 0, updated: 0, deleted: 0 }, warnings: [] });
		await expectAll();
	});

	it('a folder that appeared in the middle of a run is not forgotten when the run is cut short', async () => {
		await filled(30);
		await fixture.backUp();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('New'));
		const moving = mailbox.folder('inbox').sorted()[4]!;
		let began = false;
		fixture.sim.tenant.faults.script({
			match: (method, path) => {
				if (!began && method === 'GET' && path.includes('/messages/delta')) {
					began = true;
					mailbox.move(moving, mailbox.addFolder('inbox', 'Appeared'));
				}
				return false;
			},
			do: { delayMs: 0 },
		});
		expect(await fixture.backUp({ stopAfter: { bytes: 1 } })).toMatchObject({ hasMore: true });
		expect(began).toBe(true);
		expect(await fixture.backUp()).toMatchObject({ status: 'complete' });
		await expectAll();
	});

	it('folders that are deleted and made again under the same name are two', async () => {
		await filled(30);
		await fixture.backUp();
		const { mailbox } = fixture;
		const old = mailbox.folder('Posteingang/News');
		mailbox.purgeFolder(old);
		mailbox.addMime(mailbox.addFolder('inbox', 'News'), plainMail('In the second'));
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { added: 1, deleted: 10 } });
		await expectAll();
	});

	it('two runs at once, where the store cannot keep them apart, leave whole snapshots', async () => {
		const memory = createMemoryStore();
		await filled(40, { store: { ...bound(memory), capabilities: { ...memory.capabilities, ifAbsent: false } } });
		await fixture.backUp();
		for (let round = 0; round < 3; round++) {
			for (let index = 0; index < 10; index++) fixture.mailbox.addMime('inbox', plainMail(`Round ${round}, ${index}`));
			fixture.mailbox.purge(fixture.mailbox.folder('inbox').sorted()[round]!);
			await Promise.all([fixture.backUp(), fixture.backUp({ commitEvery: { bytes: 1 } })]);
			await expectAll();
		}
		expect((await fixture.backUp()).status).not.toBe('partial');
		await expectAll();
	});

	it('says of a folder that is left out that the snapshot does not hold its present state', async () => {
		const mailScopes = async () => (await fixture.repository.latest(fixture.key))!.scopes.filter(({ id }) => id.startsWith('mail'));
		await filled(30);
		await fixture.backUp();
		await fixture.backUp({ excludeFolders: ['Posteingang/News'] });
		expect(await mailScopes()).toMatchObject([{ id: 'mail' }, { name: 'Posteingang/News', state: 'excluded' }]);
		expect((await fixture.backUp({ excludeFolders: ['Posteingang/News'] })).status).toBe('unchanged');
		await fixture.backUp();
		expect(await mailScopes()).toMatchObject([{ id: 'mail', state: 'complete' }]);
	});

	it('a message with an endless subject stops nothing', async () => {
		await filled(5);
		fixture.mailbox.addMime('inbox', plainMail('long '.repeat(20_000)));
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', totals: { items: 6 } });
		expect((await fixture.backUp()).status).toBe('unchanged');
		for (const entry of (await fixture.entries()).values()) if (entry.type === 'message') expect((await fixture.content(entry)).length).toBeGreaterThan(0);
	});

	it('a clock that goes back between two runs leaves the order of snapshots alone', async () => {
		await filled(10);
		await fixture.backUp();
		fixture.mailbox.addMime('inbox', plainMail('After'));
		const back = { ...fixture.ambient, now: () => new Date(fixture.ambient.now().getTime() - 3 * 3_600_000) };
		await fixture.backUp({ ambient: back });
		const snapshots = await fixture.repository.snapshots(fixture.key);
		expect(snapshots.map(({ id }) => id)).toEqual(snapshots.map(({ id }) => id).sort());
		expect(snapshots.at(-1)!.parent?.id).toBe(snapshots.at(-2)!.id);
		await expectAll();
	});
});
