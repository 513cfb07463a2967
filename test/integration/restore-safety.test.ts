import { afterEach, describe, expect, it } from 'vitest';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import { failures, newestSnapshot, outcomes, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function backedUp(count: number): Promise<MailboxFixture> {
	fixture = await mailboxFixture();
	fixture.mailbox.addFolder('inbox', 'News');
	for (let index = 0; index < count; index++) fixture.mailbox.addMime(index % 3 === 0 ? 'Posteingang/News' : 'inbox', plainMail(`Mail ${index}`));
	await fixture.backUp();
	return fixture;
}

describe('a restore that nobody may regret', () => {
	it('of a mailbox that somebody emptied takes the snapshot before, and a second one changes nothing', async () => {
		await backedUp(12);
		const before = await fixture.living();
		const snapshot = await newestSnapshot(fixture);
		for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
		await fixture.backUp();
		expect(outcomes(await restoreAll(fixture))).toEqual({});
		const results = await restoreAll(fixture, { snapshot });
		expect(failures(results)).toEqual([]);
		expect(await fixture.living()).toEqual(before);
		await restoreAll(fixture, { snapshot });
		expect(await fixture.living()).toEqual(before);
		expect(fixture.sim.tenant.outbox).toEqual([]);
	});

	it('brings back a folder that was deleted for good, with its messages', async () => {
		await backedUp(12);
		const before = await fixture.living();
		const snapshot = await newestSnapshot(fixture);
		fixture.mailbox.purgeFolder(fixture.mailbox.folder('Posteingang/News'));
		await fixture.backUp();
		expect(failures(await restoreAll(fixture, { snapshot }))).toEqual([]);
		expect(await fixture.living()).toEqual(before);
	});

	it('that runs twice at the same time makes nothing twice', async () => {
		await backedUp(12);
		const before = await fixture.living();
		const snapshot = await newestSnapshot(fixture);
		for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
		await Promise.all([restoreAll(fixture, { snapshot }), restoreAll(fixture, { snapshot })]);
		expect(await fixture.living()).toEqual(before);
	});

	it('can be cancelled while it waits for another one, which goes on', async () => {
		await backedUp(12);
		const before = await fixture.living();
		const snapshot = await newestSnapshot(fixture);
		for (const message of [...fixture.mailbox.allMessages()]) fixture.mailbox.purge(message);
		const stop = new AbortController();
		const first = restoreAll(fixture, { snapshot });
		const second = restoreAll(fixture, { snapshot, signal: stop.signal });
		stop.abort();
		await expect(second).rejects.toMatchObject({ kind: 'cancelled' });
		await first;
		await restoreAll(fixture, { snapshot });
		expect(await fixture.living()).toEqual(before);
	});
});
