import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFaultyStore } from '../../nodes/M365Backup/stores/faulty-store';
import { isFailure } from '../../nodes/M365Backup/base/failure';
import type { DriveNode } from '../simulator/drive-node';
import type { Drive } from '../simulator/drive-store';
import type { Fault } from '../simulator/faults';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { defaultSwitches, type Switches } from '../simulator/switches';
import { randomRuns } from '../support/random-runs';
import { driveFixture, type DriveBackUpOptions, type DriveFixture } from '../support/drive-fixture';

const RUNS = randomRuns(300);

const nat = fc.nat({ max: 1000 });
type Edit = { what: number; a: number; b: number };
type Step =
	| ({ do: 'edit' } & Edit)
	| { do: 'backUp'; stopAfterBytes: number | null; commitEveryBytes: number | null; fullResync: boolean; rules: number; /** Edits while the run asks for its nth thing. */ meanwhile: { at: number; edit: Edit } | null }
	| { do: 'expire'; code: string }
	| { do: 'expireUrls' }
	| { do: 'fault'; which: number }
	| { do: 'loseCursor' }
	| { do: 'crash'; calls: number; lastTakesEffect: boolean; rules: number }
	| { do: 'month' };

const edit = fc.record({ what: nat, a: nat, b: nat });
const backUp = fc.record({
	do: fc.constant('backUp' as const),
	stopAfterBytes: fc.option(fc.integer({ min: 1, max: 3000 }), { freq: 3 }),
	commitEveryBytes: fc.option(fc.integer({ min: 1, max: 2000 }), { freq: 3 }),
	fullResync: fc.constantFrom(false, false, false, false, true),
	rules: fc.nat({ max: 11 }),
	meanwhile: fc.option(fc.record({ at: fc.nat({ max: 6 }), edit }), { freq: 3 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 16, arbitrary: edit.map((given) => ({ do: 'edit' as const, ...given })) },
	{ weight: 4, arbitrary: backUp },
	{ weight: 1, arbitrary: fc.constantFrom('resyncRequired', 'resyncChangesApplyDifferences', 'resyncChangesUploadDifferences').map((code) => ({ do: 'expire' as const, code })) },
	{ weight: 1, arbitrary: fc.constant({ do: 'expireUrls' as const }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), which: nat }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'loseCursor' as const }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'month' as const }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), calls: fc.nat({ max: 20 }), lastTakesEffect: fc.boolean(), rules: fc.nat({ max: 11 }) }) },
);
const switches: fc.Arbitrary<Partial<Switches>> = fc.record({
	deltaLargestPage: fc.constantFrom(2, 3, 7, 1000),
	deltaEmptyPages: fc.constantFrom('never' as const, 'end' as const, 'always' as const),
	deltaReplays: fc.boolean(),
	driveDeltaParentPath: fc.constantFrom('present' as const, 'absent' as const),
	driveDeltaCTag: fc.constantFrom('present' as const, 'present' as const, 'absent' as const),
	driveDeltaDownloadUrl: fc.constantFrom('present' as const, 'present' as const, 'absent' as const),
	driveDeletedEntries: fc.constantFrom('documented' as const, 'named' as const, 'emptyFacet' as const, 'nullParent' as const, 'foreignDrive' as const, 'bare' as const),
	driveDeletedDescendants: fc.constantFrom('reported' as const, 'folderOnly' as const),
	driveDeltaRoot: fc.constantFrom('always' as const, 'changedOnly' as const),
	driveDeltaReportsParents: fc.boolean(),
	driveHashes: fc.constantFrom('present' as const, 'present' as const, 'absent' as const),
	downloadRanges: fc.constantFrom('honoured' as const, 'ignored' as const),
});

function pick<T>(list: readonly T[], index: number): T | undefined {
	return list[index % Math.max(1, list.length)];
}

/** One edit as users make them; what cannot be done in this state is left out. */
function change(drive: Drive, serial: number, { what, a, b }: Edit): void {
	const living = drive.nodes.filter((node) => node.state === 'living' && node.parent);
	const files = living.filter(({ content }) => content);
	const folders = [drive.root, ...living.filter(({ content }) => !content)];
	const file = pick(files, a);
	const folder = pick(folders, b)!;
	const other = pick(folders.slice(1), a);
	const name = a % 5 === 0 ? 'tmp' : `${pick(['Docs', 'a b', 'C# & 50%', 'Größe', 'x'], a) ?? ''} ${serial}`;
	const text = `${serial}`.repeat(1 + (b % 400));
	try {
		switch (what % 16) {
			case 0: case 1: case 2:
				drive.addFile(folder, `${name}.${pick(['txt', 'docx', 'tmp', 'bin'], b) ?? ''}`, text, { hashless: a % 7 === 0, modified: new Date(1.7e12 + a * 1e6) });
				return;
			case 3:
				drive.addFolder(folder, name);
				return;
			case 4:
				if (file) drive.edit(file, text);
				return;
			case 5:
				if (file) drive.rename(file, `${name} renamed.txt`);
				return;
			case 6:
				if (file) drive.move(file, folder);
				return;
			case 7:
				if (file) drive.delete(file);
				return;
			case 8:
				if (file) drive.copy(file, folder, `Copy ${serial}.txt`);
				return;
			case 9:
				if (other) drive.rename(other, name);
				return;
			case 10:
				if (other && !folder.isWithin(other)) drive.move(other, folder);
				return;
			case 11:
				if (other && b % 2) drive.delete(other);
				return;
			case 12:
				if (drive.bin.size > 0) drive.restore(pick([...drive.bin], a)!);
				return;
			case 13:
				if (drive.bin.size > 0) drive.purge(pick([...drive.bin], a)!);
				return;
			case 14:
				if (other) drive.copy(other, drive.root, `Copied ${serial}`);
				return;
			default:
				if (b % 5 === 0) drive.addNotebook(folder, name, { Plans: text });
				else if (b % 5 === 1) drive.addFile(folder, `${name}.exe`, text, { malware: 'Virus' });
				else if (b % 5 === 2 && file) drive.share(file, { link: a % 2 ? 'view' : 'edit' });
				else if (file) drive.checkOut(file, b % 5 === 3 ? null : drive.about.owner);
		}
	} catch (error) {
		if (!/already|in the bin|is no f|into itself|cannot be deleted/.test(String(error))) throw error;
	}
}

/** What a backup leaves out, of four sorts, by one number. */
/** That `rulesOf` asks for. */
const MOST_VERSIONS = 2;

function rulesOf(rules: number): Pick<DriveBackUpOptions, 'excludePaths' | 'maxFileBytes' | 'versions' | 'permissions'> {
	return { ...(rules % 4 === 1 ? { excludePaths: ['**/tmp', '**/*.tmp'] } : {}), ...(rules % 4 === 2 ? { maxFileBytes: 400 } : {}), ...(rules % 3 === 1 ? { versions: 1 + (rules % 2), permissions: true } : {}) };
}

/** The drive as the backup should show it. */
function expected(at: DriveFixture, { excludePaths, maxFileBytes }: DriveBackUpOptions): Map<string, string> {
	const nodes = new Map(at.drive.nodes.filter(({ state, parent }) => state === 'living' && parent).map((node) => [node.path, node]));
	const isOut = (path: string, node: DriveNode | undefined): boolean =>
		(excludePaths !== undefined && path.split('/').some((name) => /^tmp$|\.tmp$/i.test(name))) || (node?.content !== null && (node?.sizeBytes ?? 0) > (maxFileBytes ?? Infinity));
	const shown = new Map<string, string>();
	for (const [key, bytes] of at.living()) {
		const path = key.replace(/\/$/, '');
		const node = nodes.get(path);
		if (isOut(path, node)) continue;
		shown.set(key, node?.malware === undefined ? bytes : '(no content: "Microsoft 365 found malware in it and does not hand it out")');
	}
	return shown;
}

const faults: Fault[] = [
	{ match: 'GET *delta*', do: { status: 503 } },
	{ match: 'GET *download.aspx*', times: 2, do: { truncateAtByte: 7 } },
	{ match: 'GET *download.aspx*', skip: 1, do: { truncateAtByte: 3, silent: true } },
	{ match: 'GET *download.aspx*', times: 3, do: { status: 503 } },
	{ match: 'GET *delta*', skip: 1, do: { status: 404 } },
	{ match: 'GET *delta*', times: Number.POSITIVE_INFINITY, do: { status: 500 } },
	{ match: 'GET *items*', times: 2, do: { status: 500 } },
	{ match: 'GET *download.aspx*', do: { reset: true } },
];

let sim: RunningSimulator;
let serial = 0;
beforeAll(async () => {
	sim = await startSimulator({ http: true, users: 0 });
});
afterAll(async () => {
	await sim.stop();
});

/**
 * Each file has its last older versions beside it, with the bytes that they had. More than are asked for now stay with a
 * file that has not changed since more were asked for.
 */
async function expectVersions(at: DriveFixture, versions: number): Promise<void> {
	if (versions === 0) return;
	const byId = new Map(at.drive.nodes.map((node) => [`drive/${at.drive.idOf(node)}`, node]));
	for (const entry of (await at.entries()).values()) {
		const node = byId.get(entry.id)!;
		if (!node.content || node.malware !== undefined) continue;
		const all = [...(node.versions ?? [])].reverse();
		const parts = entry.content!.slice(1).map(({ part }) => part);
		expect(parts.length).toBeGreaterThanOrEqual(Math.min(versions, all.length));
		expect(parts.length).toBeLessThanOrEqual(MOST_VERSIONS);
		const older = all.slice(0, parts.length);
		expect(parts).toEqual(older.map(({ number }) => `version-${number}.0`));
		for (const { number, content } of older) expect((await at.content(entry, `version-${number}.0`)).toString('latin1')).toBe(content.read(0, content.sizeBytes).toString('latin1'));
	}
}

/** Malware that was clean once keeps what was stored of it: the model does not follow that far. */
function withoutInfected(files: Map<string, string>): Map<string, string> {
	return new Map([...files].filter(([path]) => !path.endsWith('.exe')));
}

async function play(steps: readonly Step[], given: Partial<Switches>): Promise<void> {
	serial += 1;
	Object.assign(sim.tenant.switches, defaultSwitches(), { tenantSize: '50k+' as const, throttling: false }, given);
	sim.tenant.faults.clear();
	sim.requestLog.reset();
	const at = await driveFixture({ sim, userName: `User ${serial}` });
	let edits = 0;
	let last: DriveBackUpOptions = {};
	const run = async (options: DriveBackUpOptions): Promise<string> => {
		last = options;
		const { status, hasMore } = await at.backUp({ ...options, commitEvery: { ...options.commitEvery } });
		return hasMore ? 'more' : status;
	};
	for (const one of steps) {
		switch (one.do) {
			case 'edit':
				change(at.drive, ++edits, one);
				break;
			case 'expire':
				at.drive.expireDelta(one.code);
				break;
			case 'expireUrls':
				at.drive.expireDownloadUrls();
				break;
			case 'month':
				sim.tenant.clock.advance(31 * 86_400_000);
				break;
			case 'fault':
				sim.tenant.faults.script(pick(faults, one.which)!);
				break;
			case 'loseCursor':
				await at.store.delete((await keysOf(at)).filter((key) => key.endsWith('cursor.json')));
				break;
			case 'crash':
				await crash(at, one);
				break;
			case 'backUp': {
				const { stopAfterBytes, commitEveryBytes, fullResync, rules, meanwhile } = one;
				let asked = 0;
				let edited = false;
				if (meanwhile) {
					sim.tenant.faults.script({
						match: () => {
							if (asked++ === meanwhile.at) {
								change(at.drive, ++edits, meanwhile.edit);
								edited = true;
							}
							return false;
						},
						do: { status: 500 },
					});
				}
				const options = { ...rulesOf(rules), fullResync, ...(stopAfterBytes === null ? {} : { stopAfter: { bytes: stopAfterBytes } }), ...(commitEveryBytes === null ? {} : { commitEvery: { bytes: commitEveryBytes } }) };
				const outcome = await run(options).catch((error: unknown) => {
					if (isPassing(error)) return 'failed';
					throw error;
				});
				sim.tenant.faults.clear();
				if (!edited && outcome === 'complete' && (await at.newest()).failures.length === 0) expect(withoutInfected(await at.files())).toEqual(withoutInfected(expected(at, last)));
			}
		}
	}
	sim.tenant.faults.clear();
	const rules = rulesOf(steps.length);
	expect(['complete', 'unchanged']).toContain(await run(rules));
	expect(withoutInfected(await at.files())).toEqual(withoutInfected(expected(at, rules)));
	expect([...(await at.files()).keys()]).toEqual([...expected(at, rules).keys()]);
	await expectVersions(at, rules.versions ?? 0);
	const quiet = await at.backUp(rules);
	expect(quiet.status).toBe('unchanged');
	expect(quiet.graph.requests).toBeLessThanOrEqual(given.deltaEmptyPages === 'always' ? 3 : 2);
	// A lost cursor is damage that verify tells of.
	if (!steps.some((one) => one.do === 'loseCursor')) expect(await verifyRepository(at.repository, { deep: true })).toMatchObject({ ok: true, damage: [] });
	expect(sim.misses).toEqual([]);
	expect(sim.tenant.leaks).toEqual([]);
}

/** What the scripted faults come to. */
function isPassing(error: unknown): boolean {
	return isFailure(error, 'transient', 'throttled', 'expiredCursor', 'notFound');
}

/** A run whose store stops answering for good after some calls: a crash, as far as the next run can tell. */
async function crash(at: DriveFixture, { calls, lastTakesEffect, rules }: Step & { do: 'crash' }): Promise<void> {
	const faulty = createFaultyStore(at.store, at.ambient);
	const repository = await Repository.open(faulty, at.ambient, { create: false });
	faulty.stopAfter(calls, { lastTakesEffect });
	await at.backUp({ repository, ...rulesOf(rules), commitEvery: { bytes: 500 } }).catch((error: unknown) => {
		if (!faulty.isStopped && !isPassing(error)) throw error;
	});
	sim.tenant.faults.clear();
	// Whoever runs next waits until the lease of the one that died has run out.
	sim.tenant.clock.advance(3_600_000);
}

async function keysOf(at: DriveFixture): Promise<string[]> {
	const keys: string[] = [];
	for await (const { key } of at.store.list(`${at.key}/`)) keys.push(key);
	return keys;
}

it('holds what the drive holds, whatever happens to either', { timeout: 600_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), switches, play),
		{ numRuns: RUNS },
	);
});
