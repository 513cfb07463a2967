import { afterEach, expect, it } from 'vitest';
import { searchHistory } from '../../nodes/M365Backup/engine/search-history';
import { MAILBOX_PARTS } from '../../nodes/M365Backup/workloads/mailbox/mailbox-part';
import type { MailboxFixture } from '../support/mailbox-fixture';
import { mailboxFixture, plainMail } from '../support/mailbox-fixture';
import { meeting } from './calendar-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function deleted(since: Date | string, all = true): Promise<string[]> {
	const names: string[] = [];
	for await (const item of searchHistory(fixture.repository, fixture.key, { all, deletedSince: since }, {})) names.push(item.name);
	return names.sort();
}

it('what a backup leaves out, or cannot read, does not count as deleted; what is gone does', async () => {
	fixture = await mailboxFixture();
	const { mailbox } = fixture;
	mailbox.addMime('inbox', plainMail('Stays'));
	const gone = mailbox.addMime('inbox', plainMail('Gone'));
	const news = mailbox.addFolder('inbox', 'News');
	mailbox.addMime(news, plainMail('News'));
	mailbox.calendar.addEvent(mailbox.calendar.default, meeting('Event'));
	const content = [...MAILBOX_PARTS];
	await fixture.backUp({ content });
	const first = (await fixture.repository.latest(fixture.key))!;

	await fixture.backUp({ content: ['mail'], excludeFolders: ['inbox/News'] });
	expect(await deleted(first.id)).toEqual([]);
	fixture.sim.tenant.roles.revoke(['Calendars.Read', 'Calendars.ReadWrite', 'Calendars.ReadBasic.All'], { inIssuedTokens: true });
	await fixture.backUp({ content });
	expect(await deleted(first.id)).toEqual([]);
	mailbox.purge(gone);
	await fixture.backUp({ content });
	expect(await deleted(first.id)).toEqual(['Gone']);
	expect(await deleted(new Date(first.finishedAt))).toEqual(['Gone']);
	expect(await deleted(new Date(0), false)).toEqual(['Gone']);
	const last = (await fixture.repository.latest(fixture.key))!;
	expect(await deleted(new Date(last.finishedAt))).toEqual([]);
	expect(await deleted(new Date(Date.parse(last.finishedAt) - 1))).toEqual(['Gone']);
});
