import { afterEach, describe, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import type { FaultAction } from '../simulator/faults';
import type { Switches } from '../simulator/switches';
import { mailWithLargeAttachment } from '../support/every-sort-of-mail';
import { plainMail } from '../support/mailbox-fixture';
import { addSamples, exchangeFixture, exported, lossySorts, plainSorts, type ExchangeFixture } from './exchange-help';

let fixture: ExchangeFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

const EXPORT = 'POST /admin/exchange/mailboxes/{id}/exportItems';
const SETTINGS = 'GET /users/{id}/settings/exchange';
const count = (route: string | RegExp): number => fixture.sim.requestLog.count(route);

async function filled(switches: Partial<Switches> = {}): Promise<void> {
	fixture = await exchangeFixture({ switches });
	addSamples(fixture, [...lossySorts(), ...plainSorts()]);
}

describe('exporting what MIME alone cannot give back', () => {
	it('stores an export beside the MIME of each such message, and of no other one', async () => {
		await filled();
		const summary = await fixture.backUpExchange();
		expect(summary).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		const entries = await fixture.entries();
		expect(exported(entries)).toHaveLength(lossySorts().length);
		for (const entry of entries.values()) {
			if (entry.type !== 'message') continue;
			const message = fixture.mailbox.message(entry.id.slice('mail/'.length));
			expect(await fixture.content(entry)).toEqual(await message.content.mime());
			expect(entry.content?.map(({ part }) => part)).toEqual(exported(entries).includes(entry) ? [undefined, 'exchange'] : [undefined]);
		}
		const [one] = exported(entries);
		expect(one?.content?.[1]?.entry).toMatch(/\.fts$/);
		expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
		expect(count(EXPORT)).toBe(1);
		expect(count(SETTINGS)).toBe(1);
		expect(count(/translateExchangeIds/)).toBe(0);
	});

	it('asks nothing more in a run without such messages, nor in a quiet one, and for the mailbox id only once', async () => {
		fixture = await exchangeFixture();
		addSamples(fixture, plainSorts());
		await fixture.backUpExchange();
		expect(count(/^\S+ \/(users|admin).*exchange/i)).toBe(0);
		addSamples(fixture, lossySorts().slice(0, 1));
		await fixture.backUpExchange();
		expect([count(SETTINGS), count(EXPORT)]).toEqual([1, 1]);
		addSamples(fixture, lossySorts().slice(1, 2));
		await fixture.backUpExchange();
		expect([count(SETTINGS), count(EXPORT)]).toEqual([1, 2]);
		const quiet = await fixture.backUpExchange();
		expect(quiet.status).toBe('unchanged');
		expect([count(SETTINGS), count(EXPORT)]).toEqual([1, 2]);
		expect(exported(await fixture.entries())).toHaveLength(2);
	});

	it('exports by twenties, all messages if asked to, none if told so', async () => {
		fixture = await exchangeFixture();
		for (let n = 0; n < 45; n++) fixture.mailbox.addMime('inbox', plainMail(`Plain ${n}`));
		await fixture.backUpExchange({ exchangeExport: 'all' });
		expect(exported(await fixture.entries())).toHaveLength(45);
		expect(count(EXPORT)).toBe(3);
		addSamples(fixture, lossySorts());
		await fixture.backUpExchange({ exchangeExport: 'off' });
		expect(exported(await fixture.entries())).toHaveLength(45);
		expect(count(EXPORT)).toBe(3);
	});

	it('asks singly for what an answer left out', async () => {
		await filled({ exportDropsItems: 2 });
		await fixture.backUpExchange();
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length);
		expect(count(EXPORT)).toBe(3);
	});

	it.each<Partial<Switches>>([{ exportAnswerIds: 'mutable' }, { exportItemIds: 'mutableOnly' }, { exportItemIds: 'mutableOnly', exportErrorName: 'Error', exportDropsItems: 1 }])('works whichever ids Exchange takes and answers: %j', async (switches) => {
		await filled(switches);
		const summary = await fixture.backUpExchange();
		expect(summary.warnings).toEqual([]);
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length);
		const before = count(/translateExchangeIds/);
		fixture.sim.requestLog.reset();
		addSamples(fixture, lossySorts().slice(0, 2), 'archive');
		await fixture.backUpExchange();
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length + 2);
		// What was learnt holds for the next run.
		expect(count(/translateExchangeIds/)).toBeLessThanOrEqual(before);
		expect(count(SETTINGS)).toBe(0);
	});

	it('stores MIME alone, without a word, where ids are taken in neither form', async () => {
		await filled({ exportItemIds: 'mutableOnly', translateIdsForApplications: 'refused' });
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		expect(exported(await fixture.entries())).toEqual([]);
		expect((await fixture.messages()).length).toBe(lossySorts().length + plainSorts().length);
	});

	it.each([
		['without the permission to export', () => fixture.sim.tenant.roles.revoke('MailboxItem.ImportExport.All')],
		['without the permission to read the mailbox id', () => fixture.sim.tenant.roles.revoke('User.Read.All')],
		['in a cloud that answers 404', () => (fixture.sim.tenant.switches.mailboxItemApi = 'notFound')],
		['in a cloud that answers 400', () => (fixture.sim.tenant.switches.mailboxItemApi = 'badRequest')],
	])('stores MIME alone %s: quietly, unless all messages were asked for', async (_case, prepare) => {
		await filled();
		prepare();
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		expect(exported(await fixture.entries())).toEqual([]);
		expect(count(EXPORT) + count(SETTINGS)).toBeLessThanOrEqual(2);
		for (let n = 0; n < 30; n++) fixture.mailbox.addMime('inbox', plainMail(`Later ${n}`));
		const all = await fixture.backUpExchange({ exchangeExport: 'all' });
		expect(all.status).toBe('complete');
		expect(all.warnings).toEqual([expect.stringMatching(/MIME alone/)]);
		expect((await fixture.messages()).length).toBe(lossySorts().length + plainSorts().length + 30);
	});

	it('leaves out what Exchange cannot export, and exports the rest', async () => {
		await filled();
		const { tenant } = fixture.sim;
		let calls = 0;
		const [gone] = [...fixture.mailbox.allMessages()];
		tenant.faults.script({ match: (method, path) => method === 'POST' && path.includes('exportItems') && ++calls === 1 && (fixture.mailbox.purge(gone!), true), do: { delayMs: 1 } });
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [] });
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length - 1);
	});

	it.each<[string, FaultAction, number]>([
		['a passing fault', { status: 503 }, 1],
		['a refusal by the limits', { status: 429, headers: { 'Retry-After': '3' } }, 3],
		['an answer that breaks off', { truncateAtByte: 200 }, 1],
		['an answer that ends early', { truncateAtByte: 200, silent: true }, 1],
		['a reset', { reset: true }, 1],
	])('survives %s', async (_case, fault, times) => {
		await filled();
		fixture.sim.tenant.faults.script({ match: /exportItems/, times, do: fault });
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length);
	});

	it('gives up on an export that never answers, stores all messages, and does not wait for ever', async () => {
		await filled();
		fixture.sim.tenant.faults.script({ match: /exportItems/, times: Infinity, do: { status: 503 } });
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		expect(exported(await fixture.entries())).toEqual([]);
		expect(count(EXPORT)).toBeLessThanOrEqual(6);
		fixture.sim.tenant.faults.clear();
		const [first] = [...fixture.mailbox.allMessages()];
		fixture.mailbox.setContent(first!, first!.content);
		await fixture.backUpExchange();
		expect(exported(await fixture.entries())).toHaveLength(1);
	});

	it('goes on where a run was stopped in the middle of its exports', async () => {
		fixture = await exchangeFixture();
		for (let n = 0; n < 250; n++) fixture.mailbox.addMime('inbox', plainMail(`Plain ${n}`, 'x'.repeat(2000)));
		for (let run = 0; run < 12; run++) {
			const summary = await fixture.backUpExchange({ exchangeExport: 'all', stopAfter: { bytes: 200_000 } });
			if (!summary.hasMore) break;
		}
		expect(exported(await fixture.entries())).toHaveLength(250);
	});

	it('gets past a message that is larger than the limit of a run, by one a run', async () => {
		fixture = await exchangeFixture();
		const signed = lossySorts().find(({ sort }) => sort.includes('signature'))!;
		addSamples(fixture, [signed]);
		for (let n = 0; n < 3; n++) fixture.mailbox.addMime('inbox', mailWithLargeAttachment(n, 300_000));
		let runs = 0;
		for (let hasMore = true; hasMore && runs < 8; runs++) ({ hasMore } = await fixture.backUpExchange({ stopAfter: { bytes: 100_000 } }));
		expect(runs).toBeLessThanOrEqual(5);
		expect(await fixture.messages()).toHaveLength(4);
		expect(exported(await fixture.entries())).toHaveLength(1);
	});

	it('stops in the middle of an export when told to, and the next run has everything', async () => {
		await filled();
		const abort = new AbortController();
		fixture.sim.tenant.faults.script({ match: (_method, path) => path.includes('exportItems') && (abort.abort(), true), do: { delayMs: 50 } });
		expect(await fixture.backUpExchange({ signal: abort.signal })).toMatchObject({ status: 'partial', stoppedBy: 'cancellation' });
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [] });
		expect(exported(await fixture.entries())).toHaveLength(lossySorts().length);
		expect(await fixture.messages()).toHaveLength(lossySorts().length + plainSorts().length);
	});
});
