import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createFaultyStore, diskFull } from '../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
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

async function expectAll(): Promise<void> {
	expect(await fixture.messages()).toEqual(await fixture.living());
	expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
}

describe('a backup under trouble', () => {
	it('goes on through 503s, resets and truncated answers, and ends complete', async () => {
		await filled(60);
		const { faults } = fixture.sim.tenant;
		faults.script({ match: '*', times: 3, do: { status: 503, headers: { 'Retry-After': '2' } } });
		faults.script({ match: 'GET /users/*/$value', times: 5, skip: 3, do: { status: 503 } });
		faults.script({ match: 'POST /$batch', times: 2, skip: 2, when: 'during', do: { reset: true } });
		faults.script({ match: 'POST /$batch', times: 2, skip: 5, do: { truncateAtByte: 700 } });
		faults.script({ match: 'POST /$batch', times: 1, skip: 7, do: { truncateAtByte: 700, silent: true } });
		const summary = await fixture.backUp();
		expect(faults.struck).toBeGreaterThan(8);
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 60, failed: 0 }, failures: [] });
		expect(summary.graph.retries).toBeGreaterThan(0);
		await expectAll();
	});

	it('keeps to the documented limits of a mailbox without being refused once', async () => {
		await filled(400);
		await fixture.backUp();
		expect(fixture.sim.tenant.throttle.seen(fixture.source.id).refused).toBe(0);
		expect(fixture.sim.tenant.throttle.seen(fixture.source.id).peak).toBeLessThanOrEqual(4);
	});

	it('waits out the ten-minute limit when somebody else has used it up, and says how long it waited', async () => {
		await filled(40);
		fixture.sim.tenant.faults.script({
			match: 'GET /users/*/messages/*',
			times: 12,
			do: {
				status: 429,
				headers: { 'Retry-After': '30' },
				body: { error: { code: 'ApplicationThrottled', message: 'Application is over its MailboxConcurrency limit.' } },
			},
		});
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 40 } });
		expect(summary.graph.throttledSeconds).toBeGreaterThanOrEqual(30);
		await expectAll();
	});

	it('asks for one new token when the old one has run out, in the middle of a run', async () => {
		await filled(50);
		const { sim, ambient } = fixture;
		let issued = 0;
		const shortLived = () => {
			issued += 1;
			return sim.tenant.tokens.issue({ lifetimeMs: 60_000 }).token;
		};
		let token = shortLived();
		const graph = createGraphClient({
			graphUrl: sim.graphUrl,
			ambient,
			governor: new Governor(ambient),
			tokens: { token: async (options) => (options?.renew ? (token = shortLived()) : token) },
		});
		// The fixture lets an hour pass before the run: the first token is stale by then.
		const summary = await fixture.backUp({ graphClient: graph });
		expect(summary.status).toBe('complete');
		expect(issued).toBe(2);
		await expectAll();
	});

	it('stores all others when one message always fails, names it, and tries again until it can be read', async () => {
		await filled(50);
		const { mailbox } = fixture;
		const broken = mailbox.folder('inbox').sorted()[7]!;
		mailbox.corrupt(broken);
		const first = await fixture.backUp();
		expect(first).toMatchObject({ status: 'complete', changes: { added: 50, failed: 1 } });
		expect(first.failures).toMatchObject([{ attempts: 1 }]);
		const second = await fixture.backUp();
		expect(second.status).toBe('unchanged');
		expect(second.failures).toMatchObject([{ attempts: 2 }]);
		mailbox.corrupt(broken, null);
		const third = await fixture.backUp();
		expect(third.failures).toEqual([]);
		const entry = (await fixture.entries()).get(`mail/${broken.id}`)!;
		expect(await fixture.content(entry)).toEqual(await broken.content.mime());
		expect(entry.failed).toBeUndefined();
		await expectAll();
	});

	it('keeps what it has of a message that can no longer be read', async () => {
		await filled(30);
		const { mailbox } = fixture;
		const message = mailbox.folder('inbox').sorted()[2]!;
		const before = await message.content.mime();
		await fixture.backUp();
		mailbox.touch(message, 'full');
		mailbox.corrupt(message);
		const summary = await fixture.backUp();
		expect(summary.failures).toHaveLength(1);
		const entry = (await fixture.entries()).get(`mail/${message.id}`)!;
		expect(await fixture.content(entry)).toEqual(before);
		expect(entry.failed?.attempts).toBe(1);
	});

	it('calls a snapshot with many failures partial', async () => {
		await filled(30);
		for (const message of fixture.mailbox.folder('inbox').sorted().slice(0, 5)) fixture.mailbox.corrupt(message);
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({ status: 'partial', hasMore: false });
		expect(summary.message).toContain('INCOMPLETE');
		expect(summary.failures).toHaveLength(5);
	});

	it('says that a folder is forbidden, keeps its old content, and takes it up again when it may', async () => {
		await filled(30);
		const { mailbox } = fixture;
		const news = mailbox.folder('Posteingang/News');
		await fixture.backUp();
		mailbox.forbid(news);
		mailbox.addMime(news, plainMail('Unseen'));
		mailbox.addMime('inbox', plainMail('Seen'));
		const forbidden = await fixture.backUp();
		expect(forbidden).toMatchObject({ status: 'partial', changes: { added: 1, deleted: 0 } });
		expect(forbidden.warnings.join()).toContain('Posteingang/News');
		expect(forbidden.warnings.join()).toContain('Mail.Read');
		expect((await fixture.messages()).filter((path) => path.startsWith('Posteingang/News/'))).toHaveLength(10);
		expect((await fixture.backUp()).status).toBe('partial');
		mailbox.forbid(news, false);
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', changes: { added: 1 } });
		await expectAll();
	});

	it('excludes a folder that was forbidden from the start, with a warning', async () => {
		await filled(30);
		fixture.mailbox.forbid(fixture.mailbox.folder('Posteingang/News'));
		const summary = await fixture.backUp();
		expect(summary.status).toBe('complete');
		expect(summary.warnings.join()).toContain('Posteingang/News');
		const newest = (await fixture.repository.snapshots(fixture.key)).at(-1)!;
		expect(newest.scopes.filter(({ id }) => id.startsWith('mail'))).toMatchObject([
			{ id: 'mail', state: 'complete' },
			{ name: 'Posteingang/News', state: 'excluded', asOf: null },
		]);
	});

	it('skips a message that is deleted while its turn comes', async () => {
		await filled(30);
		fixture.sim.tenant.faults.script({ match: 'GET /users/*/$value', times: 1, do: { status: 404 } });
		const summary = await fixture.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 29, failed: 0, skipped: 1 } });
	});

	it('keeps what was read when the user stops the run, and goes on from there', async () => {
		await filled(300);
		const stop = new AbortController();
		let stored = 0;
		fixture.sim.tenant.faults.script({
			match: (method, path) => {
				if (method === 'GET' && path.includes('$value') && ++stored === 150) stop.abort();
				return false;
			},
			do: { delayMs: 0 },
		});
		const summary = await fixture.backUp({ signal: stop.signal });
		expect(summary).toMatchObject({ status: 'partial', hasMore: true, stoppedBy: 'cancellation' });
		expect(summary.changes.added).toBeGreaterThan(0);
		expect(summary.changes.added).toBeLessThan(300);
		expect(await fixture.backUp()).toMatchObject({ status: 'complete', totals: { items: 300 } });
		await expectAll();
	});

	it('leaves a source alone that another run is backing up', async () => {
		await filled(10);
		await fixture.backUp();
		const lease = await fixture.repository.acquireLease(fixture.key, { holder: 'another run' });
		expect(await fixture.backUp({ hoursLater: 0 })).toMatchObject({ status: 'alreadyRunning', totals: { items: 10 } });
		await lease!.release();
		expect((await fixture.backUp()).status).toBe('unchanged');
	});

	it('says when the disk is full, loses nothing, and completes when there is room', async () => {
		const memory = createMemoryStore();
		let full = false;
		const store = createFaultyStore(memory, { sleep: () => Promise.resolve() });
		await filled(40, { store });
		await fixture.backUp();
		const before = await fixture.messages();
		for (let index = 0; index < 20; index++) fixture.mailbox.addMime('inbox', plainMail(`New ${index}`));
		full = true;
		const put = store.put.bind(store);
		store.put = (...args) => (full ? Promise.reject(diskFull()) : put(...args));
		await expect(fixture.backUp()).rejects.toMatchObject({ kind: 'quota' });
		expect(await fixture.messages()).toEqual(before);
		full = false;
		expect((await fixture.backUp()).status).toBe('complete');
		await expectAll();
	});

	it('refuses to run with a clock that is wrong by more than five minutes, before anything is written', async () => {
		await filled(5);
		await expect(fixture.backUp({ clockSkewMs: () => 8 * 60_000 })).rejects.toMatchObject({
			kind: 'invalid',
			message: "This machine's clock is 8 minutes ahead of Microsoft's",
		});
		expect(await fixture.repository.snapshots(fixture.key)).toEqual([]);
	});

	it.each([
		['a mailbox without a licence', { mailbox: false }, /mailbox/i],
	])('says what to do about %s', async (_what, user, expected) => {
		fixture = await mailboxFixture();
		const guest = fixture.sim.tenant.addUser({ displayName: 'Guest', ...user });
		
		const failing = fixture.backUp({
			workload: mailboxWorkload({ graph: fixture.client(), mailboxId: guest.id, ambient: fixture.ambient, content: ['mail'] }),
			source: { ...fixture.source, id: guest.id, name: 'Guest' },
		});
		const failure = await failing.catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(Failure);
		expect((failure as Failure).message).toMatch(expected);
		expect((failure as Failure).nextStep).toBeTruthy();
	});

	it('names the permission that is missing', async () => {
		await filled(5);
		fixture.sim.tenant.roles.revoke(['Mail.Read', 'Mail.ReadWrite', 'Mail.ReadBasic.All']);
		await expect(fixture.backUp()).rejects.toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Mail.Read') });
		expect(await fixture.repository.snapshots(fixture.key)).toEqual([]);
	});
});
