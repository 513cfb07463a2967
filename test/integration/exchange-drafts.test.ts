import { afterEach, describe, expect, it } from 'vitest';
import { exchangeFixture, lossySorts, type ExchangeFixture } from './exchange-help';
import { failures, outcomes, restoreAll } from './restore-help';

let fixture: ExchangeFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

const SIGNED = lossySorts().find(({ sort }) => sort.includes('signature'))!;

describe('what users keep in Drafts', () => {
	it('a received copy of a lost mail stays there, if the backup knows it', async () => {
		fixture = await exchangeFixture();
		const { mailbox } = fixture;
		const lost = mailbox.addMime('inbox', SIGNED.mime);
		const kept = mailbox.addMime('drafts', SIGNED.mime);
		await fixture.backUpExchange();
		mailbox.purge(lost);
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(outcomes(results)).toEqual({ created: 1, skipped: 1 });
		expect(kept.folder.role).toBe('drafts');
		expect([mailbox.folder('inbox').total, mailbox.folder('drafts').total]).toEqual([1, 1]);
	});
});
