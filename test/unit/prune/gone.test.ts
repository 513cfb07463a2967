import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { confirmCopied } from '../../../nodes/M365Backup/engine/confirm-copied';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { recordName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { readPrune } from '../../../nodes/M365Backup/repository/prune-records';
import { createFaultyStore } from '../../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { PutOptions, Store } from '../../../nodes/M365Backup/stores/store';
import { all, bytesOf, readAll } from '../repository/fixtures';
import { DAY_MS, GoneFixture, HOUR_MS } from './gone-fixture';

describe('a prune of sources that no longer exist', () => {
	it('removes one that has been gone for N days with all its files, and leaves a record of it', async () => {
		const fixture = new GoneFixture();
		const { gone, other } = await fixture.tenant(100);
		const before = await fixture.files(gone);
		const untouched = await fixture.files(other);
		const [newest] = before.filter((name) => name.endsWith('.snapshot.json')).reverse();

		const dry = (await fixture.prune({ dryRun: true })).get('Gone')!;
		expect(await fixture.files(gone)).toEqual(before);
		const real = (await fixture.prune()).get('Gone')!;
		expect({ ...real, dryRun: true }).toEqual(dry);

		expect(real.gone).toMatchObject({ decision: 'remove', lastBackedUpAt: '2026-11-26T10:00:00.000Z', lastSeenAt: '2026-11-26T10:00:00.000Z' });
		expect(real.gone!.reason).toBe('it no longer exists in Microsoft 365, and was last backed up on 2026-11-26, over 90 days ago; Other of the same tenant is there and was backed up within 24 hours');
		expect(real).toMatchObject({ keep: [], waiting: [] });
		expect(real.remove).toHaveLength(5);
		expect(new Set(real.remove.map(({ reason }) => reason))).toEqual(new Set([real.gone!.reason]));
		expect(real.files.count).toBe(before.length);
		expect(real.files.bytes).toBeGreaterThan(5 * 200);

		const [record, ...others] = await fixture.files(gone);
		expect(others).toEqual([]);
		const told = (await readPrune(fixture.store, sourceKey(gone), record!))!;
		expect(told.gone).toEqual({ source: gone, lastBackedUpAt: '2026-11-26T10:00:00.000Z', lastSeenAt: '2026-11-26T10:00:00.000Z', reason: real.gone!.reason });
		expect(told.files.map(({ name }) => name).sort()).toEqual(before);
		expect(told.files.find(({ name }) => name === newest)?.sha256).toMatch(/^[0-9a-f]{64}$/);
		expect(await fixture.files(other)).toEqual(untouched);
		expect((await verifyRepository(await fixture.open(), { deep: true })).damage).toEqual([]);
		// Nothing is left to do, and the record stays for good.
		fixture.ambient.advance(400 * DAY_MS);
		await fixture.backUp(other);
		expect([...(await fixture.prune({ policy: { last: 1 } })).keys()]).toEqual(['Other']);
		expect(await fixture.files(gone)).toEqual([record]);
	});

	it('is off unless it is asked for', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant();
		const result = (await fixture.prune({ off: true, policy: { last: 1 } })).get('Gone')!;
		expect(result.gone).toBeUndefined();
		expect(result.keep).toMatchObject([{ reasons: ['newest complete snapshot', 'last snapshot', 'the next backup builds upon it'] }]);
		expect(fixture.asked).toEqual([]);
		expect(await fixture.snapshots(gone)).toBe(1);
	});

	it('goes on with the policy for a source that stays', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant();
		fixture.answers.set('Gone', { state: 'exists' });
		const result = (await fixture.prune({ policy: { last: 2 } })).get('Gone')!;
		expect(result).toMatchObject({ gone: { decision: 'keep', reason: expect.stringContaining('it exists in Microsoft 365') }, keep: [{}, {}], remove: [{}, {}, {}] });
		expect(await fixture.snapshots(gone)).toBe(2);
	});

	it('does not ask about a source that a backup has reached within N days, be it one that found nothing new', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(89);
		expect((await fixture.prune()).get('Gone')!.gone).toBeUndefined();
		fixture.ambient.advance(200 * DAY_MS);
		await fixture.lookAt(gone);
		fixture.ambient.advance(89 * DAY_MS);
		await fixture.backUp(fixture.source('Other'));
		expect((await fixture.prune()).get('Gone')!.gone).toBeUndefined();
		expect(fixture.asked).toEqual([]);
		fixture.ambient.advance(DAY_MS);
		await fixture.backUp(fixture.source('Other'));
		expect((await fixture.prune({ dryRun: true })).get('Gone')!.gone?.decision).toBe('remove');
	});

	it('counts a partial backup as a sign of life', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		await fixture.backUp(gone, 'partial');
		fixture.ambient.advance(DAY_MS / 2);
		expect((await fixture.prune()).get('Gone')!.gone).toBeUndefined();
	});

	it('counts from the deletion where Microsoft 365 tells it, and says until when it waits', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(365);
		const since = new Date(fixture.ambient.time - 29 * DAY_MS).toISOString();
		fixture.answers.set('Gone', { state: 'gone', since });
		const waits = (await fixture.prune({ days: 30 })).get('Gone')!;
		expect(waits.gone).toMatchObject({ decision: 'wait', until: new Date(fixture.ambient.time + DAY_MS).toISOString() });
		expect(waits.gone!.reason).toBe(`it was deleted in Microsoft 365 on ${since.slice(0, 10)}, less than 30 days ago`);
		expect(await fixture.snapshots(gone)).toBe(5);
		expect((await fixture.prune({ days: 29, dryRun: true })).get('Gone')!.gone?.decision).toBe('remove');
	});

	it.each([
		['an expired secret', 'The client secret has expired'],
		['a permission that was taken away', 'Microsoft 365 refuses access'],
		['throttling', 'Microsoft 365 asks for fewer requests'],
		['another tenant', 'the credential is of another tenant'],
	])('removes nothing for %s', async (_what, reason) => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(400);
		fixture.answers.set('Gone', { state: 'unknown', reason });
		const result = (await fixture.prune({ days: 1 })).get('Gone')!;
		expect(result.gone).toMatchObject({ decision: 'keep', reason: `whether it still exists is not known: ${reason}` });
		expect(result.remove).toEqual([]);
		expect(await fixture.snapshots(gone)).toBe(5);
	});

	it('breaks off, having removed nothing, when it is cancelled meanwhile', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant();
		fixture.answers.set('Gone', new Failure('cancelled', 'The run was stopped'));
		await expect(fixture.prune()).rejects.toMatchObject({ kind: 'cancelled' });
		expect(await fixture.snapshots(gone)).toBe(5);
	});

	it.each([
		['was backed up 25 hours ago', async (fixture: GoneFixture) => fixture.ambient.advance(24 * HOUR_MS), /nothing else of the same tenant was backed up completely within 24 hours/],
		['was backed up in part only', async (fixture: GoneFixture) => {
			fixture.ambient.advance(30 * HOUR_MS);
			await fixture.backUp(fixture.source('Other'), 'partial');
		}, /completely within 24 hours/],
		['is of another tenant', async (fixture: GoneFixture) => {
			fixture.ambient.advance(30 * HOUR_MS);
			await fixture.backUp(fixture.source('Elsewhere', { tenantId: '7d5e8b10-0000-4000-8000-00000000000b' }));
		}, /completely within 24 hours/],
		['cannot be asked about', async (fixture: GoneFixture) => fixture.answers.set('Other', { state: 'unknown', reason: 'refused' }), /vouches for it: refused/],
		['seems to be gone as well', async (fixture: GoneFixture) => fixture.answers.set('Other', { state: 'gone' }), /Other was backed up within 24 hours and yet seems to be gone/],
		['was backed up by a clock a year ahead, long ago', async (fixture: GoneFixture) => {
			fixture.ambient.advance(365 * DAY_MS);
			const ahead = fixture.source('Ahead');
			await fixture.backUp(ahead);
			// The store's clock says when that was; here it is the record that lies.
			fixture.ambient.advance(-365 * DAY_MS);
			const files = await all(fixture.store.list(`${sourceKey(ahead)}/`));
			for (const { key } of files) await fixture.store.put(key, bytesOf(await readAll((await fixture.store.get(key))!)));
			fixture.ambient.advance(364 * DAY_MS);
		}, /completely within 24 hours/],
	] as const)('removes nothing where the only other source %s', async (_what, prepare, reason) => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		await prepare(fixture);
		const result = (await fixture.prune()).get('Gone')!;
		expect(result.gone?.decision).toBe('keep');
		expect(result.gone!.reason).toMatch(reason);
		expect(result.remove).toEqual([]);
		expect(await fixture.snapshots(gone)).toBe(5);
	});

	it('takes another source for a witness although its backup found nothing new', async () => {
		const fixture = new GoneFixture();
		await fixture.tenant(100);
		fixture.ambient.advance(10 * DAY_MS);
		await fixture.lookAt(fixture.source('Other'));
		expect((await fixture.prune({ dryRun: true })).get('Gone')!.gone?.decision).toBe('remove');
	});

	it('never takes the source itself for its witness, nor one that is alone', async () => {
		const fixture = new GoneFixture();
		await fixture.backUp(fixture.source('Gone'));
		fixture.answers.set('Gone', { state: 'gone' });
		fixture.ambient.advance(DAY_MS);
		expect((await fixture.prune({ days: 1 })).get('Gone')!.gone).toMatchObject({ decision: 'keep', reason: expect.stringContaining('nothing else of the same tenant') });
	});

	it('leaves a source alone that is quiet for a year but alive', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(365);
		fixture.answers.delete('Gone');
		expect((await fixture.prune()).get('Gone')!).toMatchObject({ gone: { decision: 'keep' }, remove: [] });
		expect(await fixture.snapshots(gone)).toBe(5);
	});

	it('takes a source for another one that was made anew under another id', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		const anew = fixture.source('Gone', { id: '6f1c2a34-0000-4000-8000-00000000ffff', name: 'Anew' });
		await fixture.backUp(anew);
		const files = await fixture.files(anew);
		const results = await fixture.prune();
		expect(results.get('Gone')!.gone?.decision).toBe('remove');
		expect(results.get('Anew')!.gone).toBeUndefined();
		expect(await fixture.snapshots(gone)).toBe(0);
		expect(await fixture.files(anew)).toEqual(files);
	});

	it('leaves what is held, whole, and takes it once it is released', async () => {
		const fixture = new GoneFixture();
		const { gone, other } = await fixture.tenant(100);
		const key = sourceKey(gone);
		const repository = await fixture.open();
		const held = (await repository.snapshots(key))[1]!;
		await holdSnapshot(repository, { key, id: held.id, by: 'legal', reason: 'case 4711' });
		const result = (await fixture.prune()).get('Gone')!;
		expect(result.keep).toEqual([{ id: held.id, time: held.finishedAt, status: 'complete', reasons: ['held by legal: case 4711'] }]);
		expect(result.remove).toHaveLength(4);
		const fresh = await fixture.open();
		expect((await verifyRepository(fresh, { deep: true })).damage).toEqual([]);
		expect(await all(fresh.catalog(held).entries())).toHaveLength(2);
		await releaseSnapshot(fresh, key, held.id);
		fixture.ambient.advance(100 * DAY_MS);
		await fixture.backUp(other);
		expect((await fixture.prune()).get('Gone')!.remove.map(({ id }) => id)).toEqual([held.id]);
		expect((await fixture.files(gone)).every((name) => name.endsWith('.prune.json'))).toBe(true);
	});

	it.each([
		['is held', async (fixture: GoneFixture, key: string) => {
			const repository = await fixture.open();
			const [first] = await repository.snapshots(key);
			await fixture.store.put(`${key}/${recordName(first!.id, 'hold')}`, bytesOf('{}'));
		}],
		['is backed up again', async (fixture: GoneFixture) => {
			await fixture.backUp(fixture.source('Gone'));
		}],
		['is looked at again, and nothing is new', async (fixture: GoneFixture) => {
			fixture.ambient.advance(1000);
			await fixture.lookAt(fixture.source('Gone'));
		}],
	] as const)('takes everything back where the source %s between plan and deletion', async (_what, happens) => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		const slow = Object.create(fixture.store) as Store;
		slow.put = async (key: string, ...rest: [AsyncIterable<Uint8Array>, PutOptions?]) => {
			await fixture.store.put(key, ...rest);
			if (key.endsWith('.prune.json')) await happens(fixture, sourceKey(gone));
		};
		const before = await fixture.files(gone);
		const result = (await fixture.prune({ store: slow })).get('Gone')!;
		expect(result.refused?.kind).toBe('conflict');
		const after = await fixture.files(gone);
		expect(after.filter((name) => before.includes(name))).toEqual(before);
		expect(after.filter((name) => name.endsWith('.prune.json'))).toEqual([]);
	});

	it('removes nothing where this machine is a year ahead of the storage', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(2);
		const storeClock = fixture.ambient.time;
		const honest = createMemoryStore({ now: () => new Date(storeClock) });
		for (const { key } of await all(fixture.store.list(''))) await honest.put(key, bytesOf(await readAll((await fixture.store.get(key))!)));
		fixture.ambient.advance(365 * DAY_MS);
		// Even if another source had been backed up by the same wrong clock.
		await fixture.backUp(fixture.source('Other'));
		for (const { key } of await all(fixture.store.list(sourceKey(fixture.source('Other'))))) await honest.put(key, bytesOf(await readAll((await fixture.store.get(key))!)));
		const before = (await all(honest.list(`${sourceKey(gone)}/`))).length;
		const result = (await fixture.prune({ store: honest })).get('Gone')!;
		expect(result.refused ?? result.gone?.decision).not.toBe('remove');
		expect((await all(honest.list(`${sourceKey(gone)}/`))).length).toBe(before);
	});

	it('waits 48 hours for files that the storage got lately, and takes them then', async () => {
		const fixture = new GoneFixture();
		const { gone, other } = await fixture.tenant(100);
		const key = sourceKey(gone);
		// What a run wrote that never ended.
		await fixture.store.put(`${key}/20270305T100000Z-00ff.archive-0001.zip`, bytesOf('left over'));
		const result = (await fixture.prune()).get('Gone')!;
		expect(result.waitingFiles.count).toBe(1);
		expect(await fixture.files(gone)).toHaveLength(2);
		expect([...(await fixture.prune()).keys()]).toEqual(['Other']);
		fixture.ambient.advance(2 * DAY_MS);
		await fixture.backUp(other);
		// The option may be off by then: that the source is gone has been decided.
		const later = (await fixture.prune({ off: true })).get('Gone')!;
		expect(later).toMatchObject({ remove: [], files: { count: 1 } });
		expect((await fixture.files(gone)).every((name) => name.endsWith('.prune.json'))).toBe(true);
	});

	it('never takes files of a source that came back, though its records are lost', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		await fixture.prune();
		fixture.ambient.advance(DAY_MS);
		const back = await fixture.backUp(gone);
		await fixture.store.delete([`${sourceKey(gone)}/${recordName(back.id, 'snapshot')}`]);
		fixture.ambient.advance(10 * DAY_MS);
		await fixture.backUp(fixture.source('Other'));
		const before = await fixture.files(gone);
		expect((await fixture.prune()).has('Gone')).toBe(false);
		expect(await fixture.files(gone)).toEqual(before);
	});

	it('lets a source be backed up anew after it was removed', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		await fixture.prune();
		const back = await fixture.backUp(gone);
		expect(back.parent).toBeNull();
		fixture.ambient.advance(DAY_MS);
		expect((await fixture.prune({ policy: { last: 1 } })).get('Gone')).toMatchObject({ keep: [{ id: back.id }] });
		expect((await verifyRepository(await fixture.open(), { deep: true })).damage).toEqual([]);
	});

	it('tells each copy to delete all of it, and nothing else', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant(100);
		const confirmations = [];
		for await (const { fileName, sizeBytes, sha256 } of filesToCopy(await fixture.open(), { target: 'nas' })) {
			confirmations.push({ fileName, sizeBytes, sha256, fields: { id: `nas-${fileName}` } });
		}
		await confirmCopied(await fixture.open(), { target: 'nas', confirmations });
		await fixture.prune();
		const files = await all(filesToDelete(await fixture.open(), { target: 'nas' }));
		const expected = confirmations.map(({ fileName }) => fileName).filter((name) => name.startsWith(sourceKey(gone)));
		expect(expected.length).toBeGreaterThan(15);
		expect(files.map(({ fileName }) => fileName).sort()).toEqual(expected.sort());
	});

	it.each([
		['with a held snapshot', true],
		['without', false],
	])('never harms what is held nor any other source, wherever it is cut off, and the next one ends it: %s', async (_what, isHeld) => {
		const fixture = new GoneFixture();
		const { gone, other } = await fixture.tenant(100);
		const key = sourceKey(gone);
		const repository = await fixture.open();
		const held = (await repository.snapshots(key))[1]!;
		if (isHeld) await holdSnapshot(repository, { key, id: held.id, by: 'legal', reason: 'case 4711' });
		const files = new Map<string, Buffer>();
		for (const file of await all(fixture.store.list(''))) files.set(file.key, await readAll((await fixture.store.get(file.key))!));
		const endTime = fixture.ambient.time;
		const storedAt = new Map((await all(fixture.store.list(''))).map((file) => [file.key, file.modifiedAt.getTime()]));
		let stops = 0;
		for (let calls = 0; ; calls++) {
			let clock = endTime;
			const copy = createMemoryStore({ now: () => new Date(clock) });
			for (const [name, bytes] of files) {
				clock = storedAt.get(name)!;
				await copy.put(name, bytesOf(bytes));
			}
			clock = endTime;
			const faulty = createFaultyStore(copy, fixture.ambient);
			faulty.stopAfter(calls, { lastTakesEffect: calls % 2 === 0 });
			const outcome = await fixture.prune({ store: faulty }).catch(() => 'stopped' as const);
			expect((await verifyRepository(await fixture.open(copy))).damage, `cut off after ${calls} calls`).toEqual([]);
			await fixture.prune({ store: copy });
			const left = (await all(copy.list(''))).map((file) => file.key);
			expect(left.filter((name) => name.endsWith('.snapshot.json')).sort()).toEqual(
				[...(isHeld ? [`${key}/${held.id}.snapshot.json`] : []), ...[...files.keys()].filter((name) => name.startsWith(sourceKey(other)) && name.endsWith('.snapshot.json'))].sort(),
			);
			if (!isHeld) expect(left.filter((name) => name.startsWith(key) && !name.endsWith('.prune.json')), `cut off after ${calls} calls`).toEqual([]);
			if (outcome !== 'stopped') break;
			stops += 1;
		}
		expect(stops).toBeGreaterThan(20);
	});

	it('refuses days that make no sense, and removes nothing', async () => {
		const fixture = new GoneFixture();
		const { gone } = await fixture.tenant();
		for (const days of [0, -1, 1.5, Number.NaN]) await expect(fixture.prune({ days })).rejects.toMatchObject({ kind: 'invalid' });
		expect(await fixture.snapshots(gone)).toBe(5);
	});
});
