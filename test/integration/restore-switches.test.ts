import { afterEach, describe, expect, it } from 'vitest';
import type { Switches } from '../simulator/switches';
import { everySortOfMail } from '../support/every-sort-of-mail';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { failures, outcomes, portraits, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

/** What nobody could verify about Graph: restores hold either way. */
const SWITCHES: Partial<Switches>[] = [
	{},
	{ deletedMessageGoesTo: 'deletedItems', deletedFolderGoesTo: 'deletedItems' },
	{ mimePostIntoFolder: 'accepted', patchContentOfNonDraft: 'accepted' },
	{ largeMimeDraftsVanish: true },
	{ batchAnswerOrder: 'asked', batchValueBody: 'base64' },
	{ throttling: false },
	{ defaultPageSize: 1, concurrencyRetryAfterSeconds: 30 },
];

describe('restoring, whatever Graph really does', () => {
	it.each(SWITCHES)('%j', async (switches) => {
		fixture = await mailboxFixture({ switches });
		const { mailbox, sim } = fixture;
		const folder = mailbox.addFolder('inbox', 'Gone');
		const messages = [...everySortOfMail(30)].map(({ mime, isRead, comesBackWhole }, index) => ({
			comesBackWhole,
			message: mailbox.addMime(index % 3 === 0 ? folder : 'inbox', mime, { isRead }),
		}));
		mailbox.addMime('drafts', plainMail('draft'), { isDraft: true });
		await fixture.backUp();
		const before = await portraits(fixture);
		for (const [index, { message }] of messages.entries()) {
			// In turn: left alone, deleted by the user, deleted by a program, purged.
			if (index % 4 === 1) mailbox.deleteByUser(message);
			if (index % 4 === 2) mailbox.delete(message);
			if (index % 4 === 3) mailbox.purge(message);
		}
		mailbox.deleteFolder(folder);
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		const after = await portraits(fixture);
		expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
		for (const [index, { comesBackWhole, message }] of messages.entries()) {
			if (index % 4 === 3 && !comesBackWhole) continue;
			const id = (await message.summary()).internetMessageId;
			const key = [...before.keys()].find((one) => one.endsWith(` / ${id}`))!;
			expect(after.get(key), key).toEqual(before.get(key));
		}
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 31 });
		expect(sim.tenant.outbox).toEqual([]);
		expect(sim.misses).toEqual([]);
	});
});
