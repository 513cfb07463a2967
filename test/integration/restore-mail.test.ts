import { afterEach, describe, expect, it } from 'vitest';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { expectAsPromised, failures, fillWithEverySort, outcomes, portraits, purgeAll, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

describe('restoring mail', () => {
	it('gives back every sort of mail as the fidelity table promises, and a second restore changes nothing', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		mailbox.addFolder(mailbox.root, 'CON');
		mailbox.addFolder('CON', '..');
		mailbox.addFolder(mailbox.root, 'a/b');
		mailbox.addFolder(mailbox.root, 'Secret', { hidden: true });
		const places = ['inbox', 'sentitems', 'CON', 'CON/..', 'Secret', 'archive'];
		const whole = await fillWithEverySort(fixture, 120, places);
		await fixture.backUp();
		const before = await portraits(fixture);
		purgeAll(fixture);

		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(outcomes(results)).toEqual({ created: 120 });
		const after = await portraits(fixture);
		expectAsPromised(before, after, whole);
		const lesser = results.filter(({ fidelity }) => fidelity.length > 0);
		expect(lesser.length).toBe([...whole.values()].filter((one) => !one).length);

		const changesBefore = [...mailbox.allMessages()].map(({ id, changeNumber }) => `${id} ${changeNumber}`);
		const again = await restoreAll(fixture);
		expect(outcomes(again)).toEqual({ skipped: 120 });
		expect([...mailbox.allMessages()].map(({ id, changeNumber }) => `${id} ${changeNumber}`)).toEqual(changesBefore);
		expect(sim.tenant.outbox).toEqual([]);
		expect(sim.misses).toEqual([]);
	});

	it('moves living originals back from wherever they are', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		const folder = mailbox.addFolder('inbox', 'Projects');
		const messages = ['inbox', 'Posteingang/Projects'].flatMap((where) =>
			Array.from({ length: 4 }, (_, n) => mailbox.addMime(where, plainMail(`${where} ${n}`))),
		);
		await fixture.backUp();
		const before = await fixture.living();
		mailbox.deleteByUser(messages[0]!);
		mailbox.delete(messages[1]!);
		mailbox.move(messages[2]!, 'archive');
		mailbox.deleteFolder(folder);
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ movedBack: 7, skipped: 1, folderCreated: 1 });
		expect(await fixture.living()).toEqual(before);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 8 });
	});

	it('previews with the same planner and writes nothing', async () => {
		fixture = await mailboxFixture();
		const { mailbox, sim } = fixture;
		const folder = mailbox.addFolder('inbox', 'Projects');
		mailbox.addMime('inbox', plainMail('stays'));
		mailbox.addMime('inbox', plainMail('moves'));
		mailbox.addMime(folder, plainMail('goes'));
		await fixture.backUp();
		const moved = mailbox.folder('inbox').sorted().at(-1)!;
		mailbox.deleteByUser(moved);
		for (const message of [...folder.messages()]) mailbox.purge(message);
		mailbox.deleteFolder(folder);
		const before = await fixture.living();
		const writes = (): number => sim.requestLog.count(/^(POST|PATCH|DELETE|PUT) (?!\/\$batch)/);
		const writesBefore = writes();
		const preview = await restoreAll(fixture, { mode: 'preview' });
		expect(preview.every(({ wouldBe }) => wouldBe)).toBe(true);
		expect(await fixture.living()).toEqual(before);
		expect(writes()).toBe(writesBefore);
		const real = await restoreAll(fixture);
		const short = (results: typeof real): string[] => results.map(({ id, outcome }) => `${id} ${outcome}`).sort();
		expect(short(real)).toEqual(short(preview));
		expect(writes()).toBeGreaterThan(writesBefore);
		expect(outcomes(real)).toEqual({ skipped: 1, movedBack: 1, created: 1, folderCreated: 1 });
	});
});
