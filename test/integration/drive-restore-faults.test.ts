import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { RestoreOutcome } from '../../nodes/M365Backup/workloads/restorer';
import { GeneratedContent } from '../simulator/drive-content';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';
import { contents, failures, lines, MARCH, outcomes, portrait, restoreDrive, restoreMade } from './drive-restore-help';

let fixture: DriveFixture;
afterEach(async () => {
	expect(fixture.sim.misses).toEqual([]);
	expect(fixture.sim.tenant.leaks).toEqual([]);
	expect(fixture.sim.tenant.outbox).toEqual([]);
	await fixture.stop();
});

/** Three fragments. */
const LARGE_BYTES = 10 * 1024 * 1024 + 17;

const large = new GeneratedContent(3, LARGE_BYTES);

const restoreLarge = async (): Promise<RestoreOutcome[]> => await restoreMade(fixture, [{ name: 'large.bin', generated: large }]);

describe('an upload in fragments', () => {
	it.each([
		['a fragment does not get through', { when: 'before', skip: 1, times: 1, do: { reset: true } }],
		['a fragment gets through, its answer does not', { when: 'after', skip: 1, times: 1, do: { reset: true } }],
		['the answer to the last fragment gets lost', { when: 'after', skip: 2, times: 1, do: { reset: true } }],
		['the answer to the last fragment breaks off', { when: 'during', skip: 2, times: 1, do: { reset: true } }],
		['the service fails for long', { when: 'before', skip: 1, times: 9, do: { status: 503 } }],
		['the service wants a pause', { when: 'before', skip: 1, times: 2, do: { status: 429, headers: { 'Retry-After': '7' } } }],
		['the session is gone in the middle', { when: 'before', skip: 2, times: 1, do: { status: 404, body: { error: { code: 'itemNotFound', message: 'The upload session was not found' } } } }],
	] as const)('%s: the file is there once, whole, in one version', async (_what, script) => {
		fixture = await driveFixture();
		fixture.sim.tenant.faults.script({ match: 'PUT *uploadSession*', ...script });
		expect(await restoreLarge()).toMatchObject([{ outcome: 'created', fidelity: [], targetPath: ['large.bin'] }]);
		expect(fixture.sim.tenant.faults.struck).toBeGreaterThan(0);
		expect([...portrait(fixture.drive)].map(([path, { content, versions, modified }]) => [path, content, versions, modified])).toEqual([['large.bin', large.quickXorHash, 0, '2026-02-03T09:10:11.000Z']]);
		expect(await restoreLarge()).toMatchObject([{ outcome: 'skipped' }]);
	});

	it('is put into a living file with lost answers: one new version, not two', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('', 'large.bin', 'encrypted');
		fixture.sim.tenant.faults.script({ match: 'PUT *uploadSession*', when: 'after', times: 2, skip: 2, do: { reset: true } });
		expect(await restoreMade(fixture, [{ name: 'large.bin', generated: large }], { request: { conflictPolicy: 'replace' } })).toMatchObject([{ outcome: 'replaced' }]);
		expect(portrait(fixture.drive).get('large.bin')).toMatchObject({ content: large.quickXorHash, versions: 1 });
	});

	it('is never made of content that the backup cannot prove', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('Docs', 'a.bin', 'some content', MARCH);
		fixture.drive.addFile('Docs', 'b.txt', 'fine', MARCH);
		await fixture.backUp();
		fixture.drive.purge('Docs');
		const original = fixture.repository.readContent.bind(fixture.repository);
		fixture.repository.readContent = async function* (key, ref, signal) {
			yield* original(key, ref, signal);
			if (ref.entry.includes('a [')) throw new Failure('corrupt', 'The content is damaged');
		};
		const results = await restoreDrive(fixture);
		expect(lines(results)).toEqual(['created Docs/b.txt', 'failed Docs/a.bin', 'folderCreated Docs/']);
		expect(contents(fixture.drive)).toEqual({ Docs: null, 'Docs/b.txt': 'fine' });
	});
});

describe('what arrives as something else', () => {
	it.each(['a.xlsb', 'a.dotm', 'a.ppsx', 'a.mht'])('%s, into which SharePoint writes, is said to be what it is, and known again', async (name) => {
		fixture = await driveFixture();
		fixture.drive.addFile('', name, 'some content', MARCH);
		await fixture.backUp();
		fixture.drive.purge(name);
		const graph = fixture.client();
		const upload = graph.upload.bind(graph);
		graph.upload = async (...given) => {
			const answer = await upload(...given);
			if (!answer.done) return answer;
			fixture.drive.edit(name, 'some content and properties', { ...MARCH, by: fixture.sim.tenant.applicationIdentity });
			return { done: true, body: await graph.json({ path: `/drives/${fixture.drive.id}/root:/${name}:` }) };
		};
		expect(await restoreDrive(fixture, { graph })).toMatchObject([{ outcome: 'created', fidelity: [expect.stringContaining('SharePoint') as unknown] }]);
		expect(outcomes(await restoreDrive(fixture))).toEqual({ skipped: 1 });
		expect(outcomes(await restoreDrive(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: 1 });
	});

	it('is a failure, not a success, though nobody broke the connection', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('', 'a.bin', 'some content', MARCH);
		await fixture.backUp();
		fixture.drive.purge('a.bin');
		const graph = fixture.client();
		const upload = graph.upload.bind(graph);
		graph.upload = async (...given) => {
			const answer = await upload(...given);
			if (!answer.done) return answer;
			fixture.drive.edit('a.bin', 'other content', MARCH);
			return { done: true, body: await graph.json({ path: `/drives/${fixture.drive.id}/root:/a.bin:` }) };
		};
		expect(failures(await restoreDrive(fixture, { graph }))).toMatchObject([{ name: 'a.bin', reason: expect.stringContaining('another checksum') as unknown, nextStep: expect.stringContaining('Replace') as unknown }]);
		expect(outcomes(await restoreDrive(fixture, { conflictPolicy: 'replace' }))).toEqual({ replaced: 1 });
		expect(contents(fixture.drive)).toEqual({ 'a.bin': 'some content' });
	});
});

describe('answers that get lost', () => {
	it('of folders, sessions, empty files, moves: everything is there once', async () => {
		fixture = await driveFixture();
		const { drive, sim } = fixture;
		drive.addFile('Docs/Deep', 'a.txt', 'a', MARCH);
		drive.addFile('Docs/Deep', 'empty.txt', '', MARCH);
		const moved = drive.addFile('', 'moved.txt', 'moved', MARCH);
		await fixture.backUp();
		const before = contents(drive);
		drive.purge('Docs');
		drive.move(moved, drive.addFolder('Other'), 'x.txt');
		for (const match of ['POST *children*', 'POST *createUploadSession*', 'PUT *content*', 'PATCH *items*', 'PUT *uploadSession*']) sim.tenant.faults.script({ match, when: 'after', times: 1, do: { reset: true } });
		const results = await restoreDrive(fixture);
		expect(failures(results)).toEqual([]);
		expect(contents(drive)).toEqual({ ...before, Other: null });
		expect(sim.tenant.faults.struck).toBe(5);
	});
});

describe('an empty file whose dates are refused', () => {
	it('is there, and the result says that its dates are not', async () => {
		fixture = await driveFixture();
		const { drive, sim } = fixture;
		drive.addFile('Docs', 'empty.txt', '', MARCH);
		await fixture.backUp();
		drive.purge('Docs');
		sim.tenant.faults.script({ match: 'PATCH *items*', times: Infinity, do: { status: 403, body: { error: { code: 'accessDenied', message: 'Access denied' } } } });
		const results = await restoreDrive(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.find(({ name }) => name === 'empty.txt')).toMatchObject({ outcome: 'created', fidelity: [expect.stringMatching(/^Its dates could not be set/)] });
	});
});

describe('a drive that refuses', () => {
	it('full: says what to do, and stops asking for what cannot fit', async () => {
		fixture = await driveFixture();
		const { drive, sim } = fixture;
		for (let n = 0; n < 60; n++) drive.addFile('Docs', `file ${n}.bin`, Buffer.alloc(10_000, n), MARCH);
		drive.addFile('Docs', 'tiny.txt', 't', MARCH);
		await fixture.backUp();
		drive.purge('Docs');
		drive.quotaTotalBytes = 45_000;
		sim.requestLog.reset();
		const results = await restoreDrive(fixture);
		expect(outcomes(results)).toEqual({ created: 5, failed: 56, folderCreated: 1 });
		expect(lines(results)).toContain('created Docs/tiny.txt');
		for (const failure of failures(results)) expect(failure).toMatchObject({ reason: 'The drive is full', nextStep: expect.stringContaining('Make room') });
		expect(sim.requestLog.count(/createUploadSession/)).toBeLessThan(5 + 20);
		drive.quotaTotalBytes = 1e9;
		expect(outcomes(await restoreDrive(fixture))).toEqual({ created: 56, skipped: 5 });
	});

	it('locked, checked out or forbidden files fail alone, each with what to do', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (const name of ['locked.txt', 'out.txt', 'forbidden.txt', 'fine.txt']) drive.addFile('Docs', name, `content of ${name}`, MARCH);
		await fixture.backUp();
		for (const name of ['locked.txt', 'out.txt', 'forbidden.txt', 'fine.txt']) drive.edit(`Docs/${name}`, 'changed');
		drive.lock('Docs/locked.txt');
		drive.checkOut('Docs/out.txt');
		drive.forbid('Docs/forbidden.txt');
		const results = await restoreDrive(fixture, { conflictPolicy: 'replace' });
		expect(lines(results)).toEqual(['failed Docs/forbidden.txt', 'failed Docs/locked.txt', 'failed Docs/out.txt', 'replaced Docs/fine.txt']);
		for (const { name, reason, nextStep } of failures(results)) expect([name, reason, nextStep]).toEqual([name, name === 'forbidden.txt' ? expect.stringContaining('refuses') : expect.stringContaining('checked out'), expect.any(String)]);
	});

	it('a site that is read-only: every file says so', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('Docs', 'a.txt', 'a', MARCH);
		await fixture.backUp();
		fixture.drive.purge('Docs');
		fixture.sim.tenant.faults.script({ match: /^(POST|PUT|PATCH) .*drives/, times: Infinity, do: { status: 423, body: { error: { code: 'notAllowed', message: 'The site is read-only', innerError: { code: 'resourceLocked' } } } } });
		const results = await restoreDrive(fixture);
		expect(outcomes(results)).toEqual({ failed: 2 });
		for (const { reason, nextStep } of results) expect([reason, nextStep]).toEqual([expect.stringContaining('locked'), expect.stringContaining('unlock')]);
	});

	it('a drive that is not there, or closed to the app, ends it with one word', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('Docs', 'a.txt', 'a', MARCH);
		await fixture.backUp();
		await expect(restoreDrive(fixture, { restorer: { driveId: 'b!nowhere' } })).rejects.toMatchObject({ kind: 'notFound' });
		fixture.drive.isForbidden = true;
		await expect(restoreDrive(fixture)).rejects.toMatchObject({ kind: 'denied', nextStep: expect.any(String) });
	});

	it('malware that is refused on upload fails alone', async () => {
		fixture = await driveFixture();
		fixture.drive.addFile('Docs', 'a.txt', 'a', MARCH);
		await fixture.backUp();
		fixture.drive.purge('Docs/a.txt');
		fixture.sim.tenant.faults.script({ match: 'PUT *uploadSession*', do: { status: 403, body: { error: { code: 'malwareDetected', message: 'Malware was detected' } } } });
		expect(await restoreDrive(fixture)).toMatchObject([{ outcome: 'failed', reason: expect.stringContaining('malware'), nextStep: expect.stringContaining('Export') }]);
	});
});

describe('two at once, and one that is stopped', () => {
	it('two restores into one drive take turns: nothing is there twice', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (let n = 0; n < 30; n++) drive.addFile(`Docs ${n % 4}`, `file ${n}.txt`, `content ${n}`, MARCH);
		await fixture.backUp();
		const before = contents(drive);
		for (const child of [...drive.root.sortedChildren()]) drive.purge(child);
		const both = await Promise.all([restoreDrive(fixture, { conflictPolicy: 'keepBoth' }), restoreDrive(fixture, { conflictPolicy: 'keepBoth' })]);
		expect(both.map(outcomes).sort((a, b) => Object.keys(a).length - Object.keys(b).length)).toEqual([{ skipped: 30 }, { created: 30, folderCreated: 4 }]);
		expect(contents(drive)).toEqual(before);
	});

	it('two processes at once, which know nothing of one another: nothing is there twice either', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (let n = 0; n < 30; n++) drive.addFile(`Docs ${n % 4}`, `file ${n}.txt`, `content ${n}`, MARCH);
		await fixture.backUp();
		const before = contents(drive);
		for (const child of [...drive.root.sortedChildren()]) drive.purge(child);
		// Another name of the tenant: no turns.
		const restorer = { source: { ...fixture.source, tenantId: 'elsewhere' } };
		const both = await Promise.all([restoreDrive(fixture), restoreDrive(fixture, { restorer })]);
		expect(failures(both.flat())).toEqual([]);
		expect(contents(drive)).toEqual(before);
	});

	it('what somebody puts there at the same moment is left alone: the same file is skipped, another one is said', async () => {
		fixture = await driveFixture();
		const { drive, sim } = fixture;
		for (const name of ['same.txt', 'other.txt']) drive.addFile('Docs', name, `content of ${name}`, MARCH);
		await fixture.backUp();
		drive.purge('Docs/same.txt');
		drive.purge('Docs/other.txt');
		sim.tenant.faults.script({
			match: (method, path) => {
				for (const name of ['same.txt', 'other.txt']) if (method === 'POST' && path.includes(`${name}:/createUploadSession`) && !drive.byPath(`Docs/${name}`)) drive.addFile('Docs', name, name === 'same.txt' ? 'content of same.txt' : 'something else', MARCH);
				return false;
			},
			do: { reset: true },
		});
		const results = await restoreDrive(fixture);
		expect(lines(results)).toEqual(['failed Docs/other.txt', 'skipped Docs/same.txt']);
		expect(failures(results)).toMatchObject([{ reason: expect.stringContaining('come there meanwhile'), nextStep: expect.stringContaining('again') }]);
		expect(contents(drive)).toEqual({ Docs: null, 'Docs/same.txt': 'content of same.txt', 'Docs/other.txt': 'something else' });
	});

	it('cancelling ends it at once; what was restored is whole, and a second restore does the rest', async () => {
		fixture = await driveFixture();
		const { drive } = fixture;
		for (let n = 0; n < 60; n++) drive.addFile('Docs', `file ${n}.txt`, `content ${n}`, MARCH);
		await fixture.backUp();
		const before = contents(drive);
		drive.purge('Docs');
		const stop = new AbortController();
		let results = 0;
		await expect(
			restoreDrive(fixture, {
				signal: stop.signal,
				onProgress: () => {
					results += 1;
					if (results === 15) stop.abort();
				},
			}),
		).rejects.toMatchObject({ kind: 'cancelled' });
		for (const [path, content] of Object.entries(contents(drive))) expect([path, content]).toEqual([path, before[path]]);
		await restoreDrive(fixture);
		expect(contents(drive)).toEqual(before);
	});
});
