import { afterEach, expect, it } from 'vitest';
import { rebuildCatalog } from '../../nodes/M365Backup/engine/rebuild-catalog';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { parseRepositoryKey } from '../../nodes/M365Backup/repository/names';
import { mailboxFixture, type MailboxFixture } from '../support/mailbox-fixture';
import { failures, fillWithEverySort, outcomes, purgeAll, restoreAll } from './restore-help';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

async function keys(): Promise<string[]> {
	const found: string[] = [];
	for await (const { key } of fixture.store.list(`${fixture.key}/`)) found.push(key);
	return found.sort();
}

const isArchive = (key: string): boolean => key.endsWith('.zip');

it('a mailbox whose catalog is lost is backed up without storing a message again, and restored into its folders', { timeout: 180_000 }, async () => {
	fixture = await mailboxFixture();
	const { mailbox } = fixture;
	const projects = mailbox.addFolder('inbox', 'Projects');
	const nested = mailbox.addFolder(projects, 'Sub / Ordner 🎉');
	await fillWithEverySort(fixture, 60, ['inbox', 'sentitems', projects, nested]);
	await fixture.backUp();
	await fillWithEverySort(fixture, 20, [nested]);
	await fixture.backUp({ hoursLater: 1 });
	const before = await fixture.messages();
	expect(before).toEqual(await fixture.living());
	const archives = (await keys()).filter(isArchive);

	await fixture.store.delete((await keys()).filter((key) => !isArchive(key) && parseRepositoryKey(key).kind !== 'lease'));
	expect(await rebuildCatalog(fixture.repository, { key: fixture.key, mode: 'rebuild' })).toMatchObject({ source: fixture.source, items: 80, damaged: [], foldersFromNames: 0 });
	expect(await fixture.messages()).toEqual(before);

	const summary = await fixture.backUp({ hoursLater: 1 });
	expect(summary).toMatchObject({ status: 'complete', changes: { added: 0, deleted: 0, failed: 0 }, totals: { items: 80 } });
	expect((await keys()).filter(isArchive)).toEqual(archives);
	expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);

	purgeAll(fixture);
	const results = await restoreAll(fixture);
	expect(failures(results)).toEqual([]);
	expect(outcomes(results)).toEqual({ created: 80 });
	expect(await fixture.living()).toEqual(before);
});
