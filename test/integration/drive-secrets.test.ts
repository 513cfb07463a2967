import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { lines, MARCH, restoreDrive } from './drive-restore-help';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	await at.stop();
});

describe('keys of addresses', () => {
	it('are in nothing that is stored or said, whatever fails', async () => {
		at.drive.addFile('', 'a.bin', new GeneratedContent(1, 7_000_000), MARCH);
		const small = at.drive.addFile('', 'b.txt', 'b');
		small.contentStatus = 410;
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', times: 30, do: { reset: true } });
		const said: unknown[] = [await at.backUp({ versions: 2 })];
		at.sim.tenant.faults.clear();
		small.contentStatus = 400;
		said.push(await at.backUp(), [...(await at.entries()).values()]);
		small.contentStatus = undefined;
		said.push(await at.backUp());
		at.drive.delete('a.bin');
		at.sim.tenant.faults.script({ match: 'PUT *uploadSession*', times: Number.POSITIVE_INFINITY, do: { status: 400 } });
		said.push(await restoreDrive(at));
		const stored: string[] = [];
		for await (const { key } of at.store.list('')) {
			const chunks: Uint8Array[] = [];
			for await (const chunk of (await at.store.get(key)) ?? []) chunks.push(chunk);
			stored.push(Buffer.concat(chunks).toString('latin1'));
		}
		expect(JSON.stringify(said)).toMatch(/a\.bin/);
		for (const text of [JSON.stringify(said), JSON.stringify([...(await at.entries()).values()]), ...stored]) expect(text).not.toMatch(/tempauth|uploadSession\?|download\.aspx\?/i);
		expect(lines(await restoreDrive(at)).length).toBeGreaterThan(0);
	});
});
