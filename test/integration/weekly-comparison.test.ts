import { afterEach, describe, expect, it } from 'vitest';
import { CatalogState } from '../../nodes/M365Backup/engine/catalog-state';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { WorkingMailbox } from '../bench/working-mailbox';
import { countStore } from '../support/counting-store';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

const WEEK_AND_A_DAY = 8 * 24;

/** Graph whose delta says nothing of these. */
function losing(graph: GraphClient, ids: ReadonlySet<string>): GraphClient {
	const quiet = Object.create(graph) as GraphClient;
	quiet.deltaBatch = async function* <T>(...args: Parameters<GraphClient['deltaBatch']>) {
		for await (const answer of graph.deltaBatch<T>(...args)) {
			if (answer.page) answer.page.items = answer.page.items.filter((item) => !ids.has((item as { id: string }).id));
			yield answer;
		}
	} as GraphClient['deltaBatch'];
	return quiet;
}

describe('the weekly comparison of all ids', () => {
	it('reads the catalog twice, however many folders there are', async () => {
		const { store, take } = countStore(createMemoryStore());
		fixture = await mailboxFixture({ store });
		// More than look-ups keep in memory, so that it shows how often they read it; fewer than Microsoft's quota for ten minutes.
		new WorkingMailbox(fixture.mailbox, { messages: 8800, folders: 20 });
		expect((await fixture.backUp()).status).toBe('complete');
		const [snapshot] = await fixture.repository.snapshots(fixture.key);
		const catalogBytes = snapshot!.segments.reduce((sum, { size }) => sum + size, 0);
		take();
		expect((await fixture.backUp({ hoursLater: WEEK_AND_A_DAY })).status).toBe('unchanged');
		expect(fixture.sim.requestLog.count(/\/messages$/)).toBeGreaterThanOrEqual(20);
		// Besides, records and cursors.
		expect(take().bytesRead).toBeLessThan(2.5 * catalogBytes);
	}, 120_000);

	it('finds what came, moved and went unseen beside what the run itself has changed', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const there = mailbox.addFolder('inbox', 'There');
		const [moved, gone, patched] = ['Moved', 'Gone', 'Patched'].map((subject) => mailbox.addMime('inbox', plainMail(subject)));
		await fixture.backUp();
		mailbox.move(moved!, there);
		mailbox.purge(gone!);
		const come = mailbox.addMime(there, plainMail('New'));
		mailbox.patch(patched!, { isRead: true });
		const lost = new Set([moved, gone, come].map((message) => message!.id));
		const summary = await fixture.backUp({ hoursLater: WEEK_AND_A_DAY, graphClient: losing(fixture.client(), lost) });
		expect(summary.changes).toMatchObject({ added: 1, updated: 2, deleted: 1 });
		expect(await fixture.messages()).toEqual(await fixture.living());
	});
});

describe('places of all items', () => {
	it('are those of the last commit, and not known for what the run has changed since', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('One'));
		fixture.mailbox.addMime('drafts', plainMail('Two'));
		await fixture.backUp();
		const { repository, source, key } = fixture;
		const [snapshot] = await repository.snapshots(key);
		const state = new CatalogState(repository, repository.startRun(source, snapshot!), () => snapshot!, new AbortController().signal);
		const messages = [...(await fixture.entries()).values()].filter(({ type }) => type === 'message');
		const places = await state.places();
		expect(messages.map(({ id }) => places.parentOf(id))).toEqual(messages.map(({ parent }) => parent));
		expect(new Set(messages.map(({ parent }) => parent)).size).toBe(2);
		expect(places.parentOf('mail/unknown')).toBeUndefined();
		state.noteChanges([messages[0]!.id]);
		expect(places.parentOf(messages[0]!.id)).toBeUndefined();
		expect(places.parentOf(messages[1]!.id)).toBe(messages[1]!.parent);
	});
});
