import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRewrittenType } from '../simulator/drive-names';
import type { DriveNode } from '../simulator/drive-node';
import type { Drive } from '../simulator/drive-store';
import { SeededRandom } from '../simulator/seeded-random';
import type { Switches } from '../simulator/switches';
import { driveFixture } from '../support/drive-fixture';
import { failures, lines, outcomes, portrait, restoreDrive } from './drive-restore-help';
import { randomRuns } from '../support/random-runs';

const RUNS = randomRuns(30);

interface Damage {
	what: number;
	a: number;
	b: number;
}

const nat = fc.nat({ max: 10_000 });
const damages: fc.Arbitrary<Damage[]> = fc.array(fc.record({ what: fc.nat({ max: 17 }), a: nat, b: nat }), { minLength: 1, maxLength: 25 });
const switches: fc.Arbitrary<Partial<Switches>> = fc.record({
	driveRewrites: fc.constantFrom('never' as const, 'libraries' as const, 'always' as const),
	driveHashes: fc.constantFrom('present' as const, 'present' as const, 'absent' as const),
	driveDeltaCTag: fc.constantFrom('present' as const, 'absent' as const),
	driveDeltaParentPath: fc.constantFrom('present' as const, 'absent' as const),
	driveDeltaRoot: fc.constantFrom('always' as const, 'changedOnly' as const),
	sharePointRefusal: fc.constantFrom(429 as const, 503 as const),
	deltaEmptyPages: fc.constantFrom('never' as const, 'end' as const, 'always' as const),
});
const FAULTS = [
	{ match: 'PUT *uploadSession*', when: 'after', do: { reset: true } },
	{ match: 'PUT *uploadSession*', when: 'before', do: { reset: true } },
	{ match: 'PUT *uploadSession*', when: 'during', do: { reset: true } },
	{ match: 'POST *createUploadSession*', when: 'after', do: { reset: true } },
	{ match: 'POST *children*', when: 'after', do: { reset: true } },
	{ match: 'PATCH *', when: 'after', do: { reset: true } },
	{ match: 'PATCH *', when: 'before', do: { status: 503 } },
	{ match: 'GET *', when: 'before', do: { status: 429, headers: { 'Retry-After': '2' } } },
	{ match: 'GET *delta*', when: 'before', do: { status: 500 } },
	{ match: 'PUT *content*', when: 'after', do: { reset: true } },
] as const;
const faults = fc.array(fc.record({ which: fc.nat({ max: FAULTS.length - 1 }), skip: fc.nat({ max: 6 }) }), { maxLength: 4 });

const NAMES = ['report.docx', 'figures.csv', 'photo.jpg', 'notes.txt', 'Größe.txt', 'a', 'b', 'empty.txt', 'data.bin', 'page.html', 'x (restored 2026-01-01).txt'];
const FOLDERS = ['Docs', 'Work', 'a', 'Deep', 'Größe', 'docs 2'];

function build(drive: Drive, seed: number): void {
	const random = new SeededRandom(seed, 9);
	const folders: DriveNode[] = [drive.root];
	for (let n = random.below(7); n >= 0; n--) {
		const parent = random.pick(folders);
		const name = random.pick(FOLDERS);
		if (!parent.child(name)) folders.push(drive.addFolder(parent, name));
	}
	for (let n = 3 + random.below(16); n >= 0; n--) {
		const folder = random.pick(folders);
		const name = random.pick(NAMES);
		if (folder.child(name)) continue;
		const dates = { created: '2025-03-01T08:00:00Z', modified: new Date(Date.UTC(2026, random.below(9), 1 + random.below(27), random.below(24))) };
		drive.addFile(folder, name, name === 'empty.txt' ? '' : `${seed}/${n} `.repeat(1 + random.below(40)), dates);
	}
}

/** Bytes that repeat themselves every 160 cancel one another in a quickXorHash: two such contents of one length would look the same. */
function othersOfLength(sizeBytes: number): string {
	return Array.from({ length: sizeBytes }, (_, at) => `e${at}`).join('').slice(0, sizeBytes);
}

/** What users, and what got hold of their machines, do to a drive; what cannot be done in this state is left out. */
function damage(drive: Drive, serial: number, { what, a, b }: Damage): void {
	const files = [...drive.files()];
	const folders = [...drive.root.subtree()].filter((node) => node.isFolder);
	const file = files[a % Math.max(1, files.length)];
	const other = files[b % Math.max(1, files.length)];
	const folder = folders[b % folders.length]!;
	const inner = folders[a % folders.length]!;
	try {
		switch (what) {
			case 0:
				if (file) drive.edit(file, `edited ${serial}`);
				return;
			case 1:
				if (file) drive.rename(drive.edit(file, `encrypted ${serial}`), `${file.name}.locked`);
				return;
			case 2:
				if (file) drive.move(file, folder);
				return;
			case 3:
				if (file) drive.delete(file);
				return;
			case 4:
				if (file) drive.purge(file);
				return;
			case 5:
				drive.addFile(folder, NAMES[a % NAMES.length]!, `new ${serial}`);
				return;
			case 6: {
				if (!file || !other || file === other) return;
				const [first, second] = [{ parent: file.parent!, name: file.name }, { parent: other.parent!, name: other.name }];
				drive.rename(file, `swap ${serial}`);
				drive.move(other, first.parent, first.name);
				drive.move(file, second.parent, second.name);
				return;
			}
			case 7:
				if (inner.parent) drive.rename(inner, `${inner.name} ${serial}`);
				return;
			case 8:
				if (inner.parent) drive.move(inner, folder);
				return;
			case 9:
				if (inner.parent) drive.delete(inner);
				return;
			case 10:
				drive.addFolder(folder, NAMES[a % NAMES.length]);
				return;
			case 11:
				if (file) drive.edit(file, othersOfLength(file.sizeBytes), { created: new Date(file.fsCreatedMs), modified: new Date(file.fsModifiedMs) });
				return;
			case 12:
				if (file) drive.rename(file, file.name.toUpperCase());
				return;
			case 13:
				if (file) drive.copy(file, folder, `copy of ${serial}`);
				return;
			case 14: {
				const binned = [...drive.bin];
				if (binned.length > 0) drive.restore(binned[a % binned.length]!);
				return;
			}
			case 15:
				if (file) drive.move(file, folder, NAMES[b % NAMES.length]);
				return;
			case 16:
				drive.addFile(folder, FOLDERS[a % FOLDERS.length]!, `in the way ${serial}`);
				return;
			default: {
				if (inner.parent && folder.parent && inner !== folder && inner.parent === folder.parent) {
					const [first, second] = [inner.name, folder.name];
					drive.rename(inner, `swap ${serial}`);
					drive.rename(folder, first);
					drive.rename(inner, second);
				}
			}
		}
	} catch {
		// A name that is taken, a folder into itself: no user could do it either.
	}
}

interface Was {
	node: DriveNode;
	path: string;
	content: string | null;
	modified: number;
}

const textOf = (node: DriveNode): string | null => (node.content ? node.content.read(0, node.content.sizeBytes).toString('latin1') : null);
const living = (drive: Drive): DriveNode[] => [...drive.root.subtree()].filter((node) => node.parent);
const picture = (drive: Drive): Was[] => living(drive).map((node) => ({ node, path: node.path, content: textOf(node), modified: node.fsModifiedMs }));

/** A file's content as SharePoint may have rewritten it on upload. */
function hasContent(node: DriveNode | undefined, content: string): boolean {
	const text = node && textOf(node);
	return typeof text === 'string' && (text === content || (isRewrittenType(node!.name) && content !== '' && text.startsWith(`${content}\n<!-- docId`)));
}

const fixtureFor = async (given: Partial<Switches>) => await driveFixture({ switches: given });

it('replace after any damage gives every name and every byte back, each to its own item, and loses nothing that came since', { timeout: 600_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(nat, damages, switches, faults, async (seed, steps, given, scripts) => {
			const fixture = await fixtureFor(given);
			try {
				const { drive, sim } = fixture;
				build(drive, seed);
				await fixture.backUp();
				const before = picture(drive);
				const held = new Set(before.map(({ node }) => node));
				sim.tenant.clock.advance(3_600_000);
				steps.forEach((step, n) => damage(drive, n, step));
				const foreign = picture(drive).filter(({ node }) => !held.has(node));
				const alive = new Set(living(drive));
				const shown = [...portrait(drive)];
				const preview = await restoreDrive(fixture, { conflictPolicy: 'replace', mode: 'preview' });
				expect([...portrait(drive)]).toEqual(shown);
				for (const { which, skip } of scripts) sim.tenant.faults.script({ ...FAULTS[which]!, skip });
				const results = await restoreDrive(fixture, { conflictPolicy: 'replace' });
				sim.tenant.faults.clear();
				expect(failures(results)).toEqual([]);
				if (scripts.length === 0) expect(lines(preview)).toEqual(lines(results));
				for (const { node, path, content, modified } of before) {
					const now = drive.byPath(path);
					expect([path, now?.isFolder, alive.has(node) && now !== node ? 'another item' : 'its own']).toEqual([path, content === null, 'its own']);
					if (content === null) continue;
					expect([path, hasContent(now, content) || textOf(now!)]).toEqual([path, true]);
					if (now !== node && content !== '' && now!.modifiedBy.application) expect([path, Math.floor(now!.fsModifiedMs / 1000)]).toEqual([path, Math.floor(modified / 1000)]);
				}
				for (const { node, content } of foreign) {
					const kept = node.state === 'living' && (content === null || textOf(node) === content || (node.versions ?? []).some((version) => version.content.read(0, version.content.sizeBytes).toString('latin1') === content));
					expect([node.path, kept]).toEqual([node.path, true]);
				}
				const after = [...portrait(drive)];
				const again = await restoreDrive(fixture, { conflictPolicy: 'replace' });
				expect(Object.keys(outcomes(again)).filter((kind) => kind !== 'skipped')).toEqual([]);
				expect([...portrait(drive)]).toEqual(after);
				expect(sim.misses).toEqual([]);
				expect(sim.tenant.outbox).toEqual([]);
				expect(sim.tenant.leaks).toEqual([]);
			} finally {
				await fixture.stop();
			}
		}),
		{ numRuns: RUNS },
	);
});

it('skip and keep both never touch a living content; what is gone is there again; repeated, they add nothing; elsewhere, everything is there', { timeout: 600_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(nat, damages, switches, faults, fc.constantFrom('skip' as const, 'keepBoth' as const), fc.boolean(), async (seed, steps, given, scripts, conflictPolicy, isElsewhere) => {
			const fixture = await fixtureFor(given);
			try {
				const { drive, sim } = fixture;
				build(drive, seed);
				await fixture.backUp();
				const before = picture(drive);
				sim.tenant.clock.advance(3_600_000);
				steps.forEach((step, n) => damage(drive, n, step));
				const into = isElsewhere ? sim.tenant.addUser({ displayName: 'Bruno' }).drive! : drive;
				const contentsBefore = new Map(living(drive).map((node) => [node, textOf(node)]));
				const alive = new Set(living(drive));
				const preview = await restoreDrive(fixture, { conflictPolicy, into, mode: 'preview' });
				for (const { which, skip } of scripts) sim.tenant.faults.script({ ...FAULTS[which]!, skip });
				const results = await restoreDrive(fixture, { conflictPolicy, into });
				sim.tenant.faults.clear();
				expect(failures(results)).toEqual([]);
				if (scripts.length === 0) expect(lines(preview)).toEqual(lines(results));
				for (const [node, content] of contentsBefore) expect([node.path, node.state, textOf(node)]).toEqual([node.path, 'living', content]);
				const byId = new Map(results.map((result) => [result.id, result]));
				for (const { node, path, content } of before) {
					if (content === null) continue;
					const result = byId.get(`drive/${drive.idOf(node)}`)!;
					const stands = living(into).find((one) => into.idOf(one) === result.newId);
					expect([path, result.targetPath.toLowerCase()]).toEqual([path, stands?.path.toLowerCase()]);
					const leftAlone = conflictPolicy === 'skip' && !isElsewhere && (alive.has(node) || result.outcome === 'skipped');
					if (!leftAlone) expect([path, result.outcome, hasContent(stands, content) || textOf(stands!)]).toEqual([path, result.outcome, true]);
				}
				const after = [...portrait(into)];
				const again = await restoreDrive(fixture, { conflictPolicy, into });
				expect(Object.keys(outcomes(again)).filter((kind) => kind !== 'skipped')).toEqual([]);
				expect([...portrait(into)]).toEqual(after);
				expect(sim.misses).toEqual([]);
				expect(sim.tenant.outbox).toEqual([]);
			} finally {
				await fixture.stop();
			}
		}),
		{ numRuns: RUNS },
	);
});
