import { createGraphClient, type GraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import type { CatalogEntry } from '../../nodes/M365Backup/repository/records';
import { messageClass } from '../simulator/exchange-fts';
import type { MessageRecord } from '../simulator/message';
import { EXCHANGE_ROLES } from '../simulator/permissions';
import type { Switches } from '../simulator/switches';
import { everySortOfMail, type SampleMail } from '../support/every-sort-of-mail';
import { mailboxFixture, type MailboxFixture } from '../support/mailbox-fixture';
import { portrait, type Portrait } from './restore-help';

/** A fixture whose app may export and import mailbox items; `client` of it signs in with these permissions. */
export interface ExchangeFixture extends MailboxFixture {
	client(options?: { governor?: Governor }): GraphClient;
	backUpExchange: MailboxFixture['backUp'];
}

export async function exchangeFixture(options: { switches?: Partial<Switches> } = {}): Promise<ExchangeFixture> {
	const fixture = await mailboxFixture(options);
	const { tenant } = fixture.sim;
	tenant.roles.grant(...EXCHANGE_ROLES);
	const { token } = tenant.tokens.issue({ lifetimeMs: 365 * 24 * 3_600_000 });
	const client = ({ governor = new Governor(fixture.ambient) }: { governor?: Governor } = {}): GraphClient =>
		createGraphClient({
			graphUrl: fixture.sim.graphUrl,
			tokens: fixedToken(token),
			ambient: fixture.ambient,
			governor,
			tenantId: fixture.sim.tenantId,
		});
	return { ...fixture, client, backUpExchange: (given = {}) => fixture.backUp({ graphClient: client(), ...given }) };
}

/** One message of each sort that MIME alone does not give back. */
export function lossySorts(): SampleMail[] {
	return [...everySortOfMail(60)].filter(({ sort, comesBackWhole }, index, all) => !comesBackWhole && all.findIndex((one) => one.sort === sort) === index);
}

export function plainSorts(): SampleMail[] {
	return [...everySortOfMail(12)].filter(({ comesBackWhole, sort }) => comesBackWhole && sort !== 'a nested message');
}

export function addSamples(fixture: MailboxFixture, samples: readonly SampleMail[], folder = 'inbox'): MessageRecord[] {
	return samples.map((sample) =>
		fixture.mailbox.addMime(folder, sample.mime, { isRead: sample.isRead, categories: sample.categories, importance: sample.importance, ...(sample.flagged ? { flag: { flagStatus: 'flagged' as const } } : {}) }),
	);
}

/** What a user sees, and what only an import brings back: the message class and the very MIME. */
export type FullPortrait = Portrait & { class: string; mime: string };

export async function fullPortraits(fixture: MailboxFixture): Promise<FullPortrait[]> {
	const visible = [...fixture.mailbox.allMessages()].filter((message) => message.folder.isBelow(fixture.mailbox.root));
	const all = await Promise.all(visible.map(async (message) => ({ ...(await portrait(message)), class: await messageClass(message), mime: (await message.content.mime()).toString('base64') })));
	return all.sort((a, b) => `${a.folder}/${a.internetMessageId}`.localeCompare(`${b.folder}/${b.internetMessageId}`));
}

export function exported(entries: ReadonlyMap<string, CatalogEntry>): CatalogEntry[] {
	return [...entries.values()].filter(({ content }) => content?.some(({ part }) => part === 'exchange'));
}
