import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { mailWithLargeAttachment } from '../support/every-sort-of-mail';
import { mailboxFixture, type MailboxFixture } from '../support/mailbox-fixture';
import { expectAsPromised, failures, fillWithEverySort, outcomes, portraitKey, portraits, purgeAll, restoreAll } from './restore-help';

const MESSAGES = 2000;
const LARGE = 3;
const LARGE_BYTES = 20 * 1024 * 1024;

let fixture: MailboxFixture;
let folder: string;
afterEach(async () => {
	await fixture.stop();
	await rm(folder, { recursive: true, force: true });
});

it(`gives a mailbox of ${MESSAGES} messages of all sorts back, byte for byte in the archive and property by property in the mailbox`, async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'm365-round-trip-'));
	fixture = await mailboxFixture({ store: createFolderStore({ root: folder }) });
	const { mailbox, sim } = fixture;
	mailbox.addFolder(mailbox.root, 'CON');
	mailbox.addFolder('CON', '..');
	const slash = mailbox.addFolder(mailbox.root, 'a/b');
	mailbox.addFolder(slash, 'a/b');
	mailbox.addFolder(mailbox.root, 'Ordner 🎉 漢字');
	mailbox.addFolder(mailbox.root, 'Secret', { hidden: true });
	const places = ['inbox', 'sentitems', 'CON', 'CON/..', 'Secret', 'archive', 'deleteditems', 'Ordner 🎉 漢字', slash, [...slash.children][0]!];
	// 57 sorts and 10 places have no common factor: every sort comes to every place.
	const whole = await fillWithEverySort(fixture, MESSAGES, places);
	for (let large = 0; large < LARGE; large++) {
		const message = mailbox.addMime('inbox', mailWithLargeAttachment(900_000 + large, LARGE_BYTES));
		whole.set(await portraitKey(message), true);
	}

	const summary = await fixture.backUp();
	expect(summary).toMatchObject({ status: 'complete', changes: { added: MESSAGES + LARGE, failed: 0, skipped: 0 }, warnings: [] });
	const entries = await fixture.entries();
	for (const message of mailbox.allMessages()) {
		const served = await message.content.mime();
		expect(entries.get(`mail/${message.id}`)?.content?.[0]?.sha256, message.id).toBe(createHash('sha256').update(served).digest('hex'));
	}
	expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);

	const before = await portraits(fixture);
	purgeAll(fixture);
	expect(await fixture.living()).toEqual([]);
	const results = await restoreAll(fixture);
	expect(failures(results)).toEqual([]);
	expect(outcomes(results)).toEqual({ created: MESSAGES + LARGE });

	const after = await portraits(fixture);
	expectAsPromised(before, after, whole);
	expect(results.filter(({ fidelity }) => fidelity.length > 0)).toHaveLength([...whole.values()].filter((one) => !one).length);

	const writes = (): number => sim.requestLog.count(/^(POST|PATCH|DELETE|PUT) (?!\/\$batch)/);
	const writesBefore = writes();
	expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: MESSAGES + LARGE });
	expect(writes()).toBe(writesBefore);
	expect(sim.tenant.outbox).toEqual([]);
	expect(sim.misses).toEqual([]);
});
