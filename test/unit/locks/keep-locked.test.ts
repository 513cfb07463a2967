import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { holdSnapshot, releaseSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { isLockable } from '../../../nodes/M365Backup/repository/lockable';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { bytesOf, readAll } from '../repository/fixtures';
import { mail } from '../engine/scripted-workload';
import { DAY_MS, KEY, LockWorld } from './lock-world';

describe('locks of a backup', () => {
	it('everything that is written once is locked, the rest is not, and the summary says until when', async () => {
		const world = new LockWorld(30);
		const start = world.ambient.now();
		const summary = await world.backUp();
		expect(summary.status).toBe('complete');
		expect(Date.parse(summary.immutableUntil!)).toBe(start.getTime() + 30 * DAY_MS);
		const keys = await world.keys();
		expect(keys.filter((key) => !isLockable(key)).map((key) => key.replace(/\d+/g, 'N'))).toEqual([expect.stringMatching(/cursor\.json$/), expect.stringMatching(/lease-/)]);
		for (const key of keys) {
			const until = await world.lockedUntil(key);
			if (isLockable(key)) expect(until!.getTime()).toBeGreaterThanOrEqual(start.getTime() + 30 * DAY_MS);
			else expect(until).toBeNull();
		}
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThanOrEqual(Date.parse(summary.immutableUntil!));
	});

	it('a quiet run asks for no file, but for a sample of two', async () => {
		const world = new LockWorld(30);
		for (let index = 0; index < 20; index++) await world.backUp();
		await world.backUp([]);
		world.calls();
		world.passDays(1);
		const summary = await world.backUp([]);
		expect(summary.status).toBe('unchanged');
		const { lockedUntil, extendLock } = world.calls();
		expect(lockedUntil).toBeLessThanOrEqual(2);
		expect(extendLock).toBeUndefined();
		expect(Date.parse(summary.immutableUntil!)).toBeLessThanOrEqual((await world.earliestNeededLock())!.getTime());
		expect(Date.parse(summary.immutableUntil!)).toBeGreaterThan(world.ambient.time + 28 * DAY_MS);
	});

	it('a run after one that changed something asks only for what that wrote', async () => {
		const world = new LockWorld(30);
		for (let index = 0; index < 20; index++) await world.backUp();
		const all = (await world.keys()).length;
		world.calls();
		await world.backUp();
		expect(world.calls()['lockedUntil']).toBeLessThan(12);
		expect(all).toBeGreaterThan(60);
	});

	it('a quiet run extends the locks once less than half of the days are left, and then not again', async () => {
		const world = new LockWorld(30);
		await world.backUp();
		await world.backUp();
		world.passDays(14.9);
		expect((await world.backUp([])).status).toBe('unchanged');
		expect(world.calls()['extendLock']).toBeUndefined();
		world.passDays(0.2);
		const extended = await world.backUp([]);
		expect(extended.status).toBe('unchanged');
		expect(world.calls()['extendLock']).toBeGreaterThan(3);
		expect(Date.parse(extended.immutableUntil!)).toBeGreaterThan(world.ambient.time + 29.9 * DAY_MS);
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThanOrEqual(Date.parse(extended.immutableUntil!));
		world.passDays(1);
		await world.backUp([]);
		const calls = world.calls();
		expect(calls['extendLock']).toBeUndefined();
		expect(calls['lockedUntil']).toBeLessThanOrEqual(2);
	});

	it('a changed run extends what it takes over from the run before', async () => {
		const world = new LockWorld(30);
		for (let index = 0; index < 5; index++) await world.backUp();
		world.passDays(20);
		const summary = await world.backUp();
		expect(summary.status).toBe('complete');
		expect(Date.parse(summary.immutableUntil!)).toBeGreaterThan(world.ambient.time + 29.9 * DAY_MS);
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThanOrEqual(Date.parse(summary.immutableUntil!));
	});

	it('a lost cursor costs one more look at every file', async () => {
		const world = new LockWorld(30);
		for (let index = 0; index < 5; index++) await world.backUp();
		await world.backUp([]);
		const cursors = (await world.keys()).filter((key) => key.endsWith('cursor.json'));
		// Damaged, not deleted: those that are written once are locked.
		for (const key of cursors) await world.bucket.put(key, bytesOf('damaged'));
		world.calls();
		const summary = await world.backUp([]);
		expect(world.calls()['lockedUntil']).toBeGreaterThanOrEqual(5);
		expect(summary.immutableUntil).toBeDefined();
		await world.backUp([]);
		await world.backUp([]);
		world.calls();
		await world.backUp([]);
		expect(world.calls()['lockedUntil']).toBeLessThanOrEqual(2);
	});

	it('whoever forges the note in cursor.json does not stop the renewal', async () => {
		const world = new LockWorld(30);
		await world.backUp();
		await world.backUp([]);
		world.passDays(16);
		const key = `${KEY}/cursor.json`;
		const cursor = JSON.parse((await readAll((await world.bucket.get(key))!)).toString()) as { notes: { locks: object } };
		await world.bucket.put(key, bytesOf(sealJson({ ...cursor, notes: { ...cursor.notes, locks: { ...cursor.notes.locks, until: '2099-01-01T00:00:00.000Z' } } })));
		expect((await (await world.open()).cursor(KEY))!.notes!['locks']).toMatchObject({ until: '2099-01-01T00:00:00.000Z' });
		world.calls();
		const summary = await world.backUp([]);
		expect(world.calls()['extendLock']).toBeGreaterThan(3);
		expect(Date.parse(summary.immutableUntil!)).toBeLessThanOrEqual(world.ambient.time + 30 * DAY_MS);
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThan(world.ambient.time + 29 * DAY_MS);
	});

	it('locks that cannot be extended are a warning that names them, and nothing is called immutable', async () => {
		const world = new LockWorld(30);
		await world.backUp();
		world.passDays(16);
		world.faulty.script({ call: 'extendLock', key: /\.zip$/, effect: 'before', times: Infinity, failure: new Failure('denied', 'Not allowed', { nextStep: 'Give the permission.' }) });
		const summary = await world.backUp();
		expect(summary.status).toBe('complete');
		expect(summary).not.toHaveProperty('immutableUntil');
		expect(summary.warnings.join()).toMatch(/archive-0001\.zip could not be locked: Not allowed.*not immutable.*Give the permission/);
		expect(summary.message).toContain('WARNING');
		world.faulty.heal();
		const healed = await world.backUp([]);
		expect(healed.warnings).toEqual([]);
		expect(Date.parse(healed.immutableUntil!)).toBeGreaterThan(world.ambient.time + 29 * DAY_MS);
	});

	it('a store that cannot be asked is a warning as well', async () => {
		const world = new LockWorld(30);
		await world.backUp();
		world.faulty.script({ call: 'lockedUntil', effect: 'before', times: Infinity, failure: new Failure('denied', 'May not look') });
		const summary = await world.backUp();
		expect(summary.status).toBe('complete');
		expect(summary.warnings.join()).toContain('May not look');
		expect(summary).not.toHaveProperty('immutableUntil');
	});

	it('a lock that a put could not set fails the backup: it is not stored as wanted', async () => {
		const world = new LockWorld(30);
		world.faulty.script({ call: 'put', key: /archive/, effect: 'before', failure: new Failure('invalid', 'the server did not lock it', { code: 'notLocked' }) });
		await expect(world.backUp()).rejects.toMatchObject({ code: 'notLocked' });
		expect((await world.keys()).filter((key) => key.endsWith('.snapshot.json'))).toEqual([]);
	});

	it('without object lock it says what to do before anything is written; reading works', async () => {
		const world = new LockWorld(30, 'none');
		await expect(world.backUp()).rejects.toMatchObject({ kind: 'invalid', code: 'noObjectLock', nextStep: expect.stringMatching(/Create a new bucket with object lock and versioning.*set Lock Files For \(Days\) to 0/) });
		expect(await world.keys()).toEqual([]);
		world.lockDays = undefined;
		await world.backUp();
		const keys = await world.keys();
		world.lockDays = 30;
		await expect(world.backUp()).rejects.toMatchObject({ code: 'noObjectLock' });
		expect(await world.keys()).toEqual(keys);
		expect((await world.open()).id).toBeDefined();
	});

	it('days switched on later lock what is there already; switched off and on again, what came in between', async () => {
		const world = new LockWorld(undefined);
		await world.backUp();
		expect(await world.backUp()).not.toHaveProperty('immutableUntil');
		world.lockDays = 30;
		const on = await world.backUp();
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThanOrEqual(Date.parse(on.immutableUntil!));
		world.lockDays = undefined;
		const off = await world.backUp();
		expect(off).not.toHaveProperty('immutableUntil');
		world.lockDays = 30;
		const again = await world.backUp([]);
		expect(again.status).toBe('unchanged');
		expect((await world.earliestNeededLock())!.getTime()).toBeGreaterThanOrEqual(Date.parse(again.immutableUntil!));
	});

	it('a held snapshot stays locked for as long as it is held, however old it is', async () => {
		const world = new LockWorld(30);
		const first = await world.backUp([mail('mail/held')]);
		const id = first.snapshot!.id;
		for (let index = 0; index < 3; index++) await world.backUp();
		await holdSnapshot(await world.open(), { key: KEY, id, by: 'Legal', reason: 'Case' });
		for (let round = 0; round < 8; round++) {
			world.passDays(10);
			await world.backUp();
			expect((await world.lockedUntil(`${KEY}/${id}.snapshot.json`))!.getTime()).toBeGreaterThan(world.ambient.time + 10 * DAY_MS);
			expect((await world.lockedUntil(`${KEY}/${id}.archive-0001.zip`))!.getTime()).toBeGreaterThan(world.ambient.time + 10 * DAY_MS);
		}
		await releaseSnapshot(await world.open(), KEY, id);
		for (let round = 0; round < 4; round++) {
			world.passDays(10);
			await world.backUp();
		}
		expect(await world.lockedUntil(`${KEY}/${id}.snapshot.json`)).toBeNull();
	});

	it('a cancelled run stops looking at once', async () => {
		const world = new LockWorld(30);
		await world.backUp();
		world.passDays(20);
		const controller = new AbortController();
		world.faulty.script({ call: 'extendLock', effect: 'delay', delayMs: 1 });
		controller.abort();
		const summary = await world.backUp(undefined, { signal: controller.signal }).catch((error: unknown) => error);
		expect(summary).toMatchObject({ kind: 'cancelled' });
		expect((await world.backUp([])).status).toBe('unchanged');
	});
});

describe('a bucket that locks everything by itself', () => {
	it('is reported, without days of ours', async () => {
		const world = new LockWorld(undefined, { defaultMs: 30 * DAY_MS });
		const first = await world.backUp();
		expect(Date.parse(first.immutableUntil!)).toBe((await world.earliestNeededLock())!.getTime());
		world.passDays(5);
		const second = await world.backUp();
		expect(Date.parse(second.immutableUntil!)).toBe((await world.earliestNeededLock())!.getTime());
		await world.backUp([]);
		world.calls();
		const quiet = await world.backUp([]);
		expect(quiet.immutableUntil).toBe(second.immutableUntil);
		expect(world.calls()['lockedUntil']).toBeLessThanOrEqual(3);
		world.passDays(26);
		expect(await world.backUp()).not.toHaveProperty('immutableUntil');
	});
});
