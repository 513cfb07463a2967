import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	expect(at.sim.tenant.outbox).toEqual([]);
	await at.stop();
});

describe('backing up a drive', () => {
	it('gives every file back, byte for byte', async () => {
		at.drive.addFile('Docs/2026', 'a.txt', 'Aaaa');
		at.drive.addFile('Docs', 'b.bin', Buffer.from([0, 255, 1, 254]));
		at.drive.addFile('', 'empty.txt', '');
		const summary = await at.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 3, failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});
});
