import { afterEach, describe, expect, it } from 'vitest';
import { readHold } from '../../nodes/M365Backup/repository/prune-records';
import { fillDrive } from '../simulator/drive-generate';
import { fillMailbox } from '../simulator/generate-tenant';
import { SeededRandom } from '../simulator/seeded-random';
import { driveFixture } from '../support/drive-fixture';
import { mailboxFixture } from '../support/mailbox-fixture';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const stop of stops.splice(0)) await stop();
});
const nothing = { flagged: false, reasons: [] };
const DAY_HOURS = 24;

describe('a mailbox', () => {
	async function mailboxOf(messages: number) {
		const fixture = await mailboxFixture();
		stops.push(fixture.stop);
		fillMailbox(fixture.mailbox, { messages, folders: 5, seed: 3 });
		return { ...fixture, visible: () => [...fixture.mailbox.allMessages()].filter(({ folder }) => folder.isBelow(fixture.mailbox.root) && folder !== fixture.mailbox.folder('deleteditems')) };
	}

	it('whose mail is thrown into Deleted Items raises an alarm on the first run, and the state before is held', async () => {
		const { backUp, mailbox, visible, store, key } = await mailboxOf(200);
		const first = await backUp();
		expect(first.anomaly).toEqual(nothing);
		for (const message of visible().slice(0, 90)) mailbox.move(message, 'deleteditems');
		const { anomaly, message } = await backUp({ holdWhenUnusual: true });
		expect(anomaly).toEqual({ flagged: true, reasons: [expect.stringMatching(/^90 of \d+ items were deleted since the last backup \(\d+ %\)$/) as string], held: first.snapshot!.id });
		expect(message).toContain('; UNUSUAL: 90 of');
		expect(await readHold(store, key, first.snapshot!.id)).toMatchObject({ by: 'M365 Backup', reason: expect.stringContaining('90 of') as string });
	});

	it('raises one for mail that is deleted for good, and none for a bin that is emptied', async () => {
		const { backUp, mailbox, visible } = await mailboxOf(200);
		for (const message of visible().slice(0, 60)) mailbox.move(message, 'deleteditems');
		await backUp();
		const bin = mailbox.folder('deleteditems');
		const binned = [...mailbox.allMessages()].filter(({ folder }) => folder === bin);
		expect(binned.length).toBeGreaterThanOrEqual(60);
		for (const message of binned) mailbox.purge(message);
		const emptied = await backUp();
		expect(emptied.changes.deleted).toBe(binned.length);
		expect(emptied.anomaly).toEqual(nothing);
		for (const message of visible().slice(0, 60)) mailbox.purge(message);
		expect((await backUp()).anomaly.flagged).toBe(true);
	});

	it('whose owner deletes much all the time raises none for what would be unusual elsewhere', async () => {
		const { backUp, mailbox, visible } = await mailboxOf(300);
		await backUp();
		for (const message of visible().slice(0, 45)) mailbox.purge(message);
		expect((await backUp({ hoursLater: DAY_HOURS })).anomaly).toEqual(nothing);
		const left = [...mailbox.allMessages()].filter(({ folder }) => folder.isBelow(mailbox.root)).length;
		for (const message of visible().slice(0, Math.round(left * 0.3))) mailbox.purge(message);
		expect((await backUp({ hoursLater: DAY_HOURS })).anomaly).toEqual(nothing);
	});

	it('holds nothing unless asked to, and nothing where there is no earlier snapshot', async () => {
		const { backUp, mailbox, visible, store, key } = await mailboxOf(100);
		const first = await backUp({ holdWhenUnusual: true });
		expect(first.anomaly).toEqual(nothing);
		for (const message of visible().slice(0, 60)) mailbox.purge(message);
		const { anomaly } = await backUp();
		expect(anomaly.flagged).toBe(true);
		expect(anomaly.held).toBeUndefined();
		expect(await readHold(store, key, first.snapshot!.id)).toBeNull();
	});

	it('that is used as people use it raises none in a year of weeks', async () => {
		const { backUp, mailbox, visible } = await mailboxOf(150);
		const random = new SeededRandom(11);
		await backUp();
		const folders = [...mailbox.folders.values()].filter((folder) => folder.isBelow(mailbox.root));
		for (let week = 0; week < 52; week++) {
			for (let n = 0; n < 12; n++) mailbox.addMime('inbox', `Subject: Week ${week} ${n}\r\nFrom: a@b.example\r\n\r\nText`);
			for (let n = 0; n < 25; n++) {
				const messages = visible();
				const message = messages[random.below(messages.length)]!;
				const what = random.below(10);
				if (what < 4) mailbox.patch(message, { isRead: true });
				else if (what < 7) mailbox.move(message, folders[random.below(folders.length)]!);
				else if (what < 9) mailbox.move(message, 'deleteditems');
				else mailbox.purge(message);
			}
			expect((await backUp({ hoursLater: 7 * DAY_HOURS })).anomaly, `week ${week}`).toEqual(nothing);
		}
	});
});

describe('a drive', () => {
	it('that ransomware rewrites and renames raises an alarm on the first run; what one person works on in a day does not', async () => {
		const fixture = await driveFixture();
		stops.push(fixture.stop);
		const { drive, backUp } = fixture;
		fillDrive(drive, { files: 200, folders: 10, averageBytes: 3000, seed: 7 });
		const text = 'The quick brown fox jumps over the lazy dog. '.repeat(60);
		for (let n = 0; n < 60; n++) drive.addFile('Texts', `Report ${n}.${['docx', 'txt', 'csv'][n % 3]}`, `${n} ${text}`);
		const first = await backUp();
		for (let n = 0; n < 15; n++) drive.edit(drive.item(`Texts/Report ${n}.${['docx', 'txt', 'csv'][n % 3]}`), `${n} edited ${text}`);
		expect((await backUp()).anomaly).toEqual(nothing);
		const random = new SeededRandom(5);
		for (const file of [...drive.files()]) {
			drive.edit(file, Buffer.from(Array.from({ length: 2500 }, () => random.below(256))));
			drive.rename(file, `${file.name}.locked`);
		}
		const { anomaly } = await backUp({ holdWhenUnusual: true });
		expect(anomaly.flagged).toBe(true);
		expect(anomaly.reasons.join('\n')).toMatch(/now end in "\.locked"/);
		expect(anomaly.reasons.join('\n')).toMatch(/can no longer be compressed/);
		expect(anomaly.held).not.toBe(first.snapshot!.id);
		expect(anomaly.held).toBeDefined();
	});
});
