import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import { addDriveVariety } from '../simulator/drive-generate';
import { driveFixture, type DriveFixture } from '../support/drive-fixture';

let at: DriveFixture;

beforeEach(async () => {
	at = await driveFixture();
});
afterEach(async () => {
	expect(at.sim.misses).toEqual([]);
	expect(at.sim.tenant.leaks).toEqual([]);
	await at.stop();
});

const MB = 1024 * 1024;
const downloads = (): number => at.sim.requestLog.count('GET download');

async function same(path: string): Promise<void> {
	const content = at.drive.item(path).content!;
	expect((await at.content(await at.entry(path))).equals(content.read(0, content.sizeBytes))).toBe(true);
}

describe('downloads', () => {
	it('of large files go on where they break, never from the start', async () => {
		at.drive.addFile('', 'large.bin', new GeneratedContent(1, 20 * MB));
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', times: 3, do: { truncateAtByte: 6 * MB } });
		const sent = bytesSent(at);
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 }, warnings: [] });
		expect(downloads()).toBe(4);
		expect(sent()).toBeLessThan(21 * MB);
		await same('large.bin');
	});

	it('of large files begin shortly before the one before them ends, whatever comes of them', async () => {
		const sizeBytes = 48 * MB;
		for (let n = 0; n < 3; n++) at.drive.addFile('', `${n}.bin`, new GeneratedContent(n, sizeBytes));
		at.drive.addFile('', '3.exe', new GeneratedContent(3, sizeBytes), { malware: 'Virus' });
		const sent = bytesSent(at);
		const sentBefore: number[] = [];
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx')) sentBefore.push(sent());
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 4, failed: 0, skipped: 1 } });
		for (let n = 0; n < 3; n++) await same(`${n}.bin`);
		const [, second, third] = sentBefore;
		expect(second).toBeLessThan(sizeBytes);
		expect(second).toBeGreaterThanOrEqual(sizeBytes - 32 * MB);
		expect(third).toBeLessThan(2 * sizeBytes);
		expect(third).toBeGreaterThanOrEqual(2 * sizeBytes - 32 * MB);
	});

	it('resume where the server does not know ranges', async () => {
		at.sim.tenant.switches.downloadRanges = 'ignored';
		at.drive.addFile('', 'large.bin', new GeneratedContent(1, 6 * MB));
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { truncateAtByte: 3 * MB } });
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 } });
		await same('large.bin');
	});

	it('that end early without saying so are noticed', async () => {
		at.drive.addFile('', 'large.bin', new GeneratedContent(1, 6 * MB));
		at.drive.addFile('', 'small.txt', 'a small text');
		at.drive.addFile('', 'no hash.txt', 'another small text', { hashless: true });
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', times: 3, do: { truncateAtByte: 9, silent: true } });
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 }, warnings: [] });
		expect(await at.files()).toEqual(at.living());
	});

	it('whose addresses have expired get new ones', async () => {
		for (let n = 0; n < 5; n++) at.drive.addFile('', `${n}.txt`, `text ${n}`);
		at.drive.addFile('', 'large.bin', new GeneratedContent(2, 5 * MB));
		let first = true;
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (first && path.includes('download.aspx')) {
					first = false;
					at.drive.expireDownloadUrls();
				}
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 6, failed: 0 } });
		expect(await at.files()).toEqual(at.living());
	});

	it('lead through Graph where the listing gives no addresses, and go on where they break', async () => {
		at.sim.tenant.switches.driveDeltaDownloadUrl = 'absent';
		for (let n = 0; n < 50; n++) at.drive.addFile('', `${n}.txt`, `text ${n}`);
		at.drive.addFile('', 'large.bin', new GeneratedContent(2, 6 * MB));
		at.drive.addFile('', 'bad.exe', 'x', { malware: 'Virus' });
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', skip: 50, do: { truncateAtByte: 5 * MB } });
		const sent = bytesSent(at);
		const { graph, changes } = await at.backUp();
		expect(changes).toMatchObject({ added: 52, failed: 0, skipped: 1 });
		expect(graph.requests).toBeLessThanOrEqual(2 * 51 + 1 + 5);
		expect(sent()).toBeLessThan(7 * MB);
		await same('large.bin');
	});

	it('that are refused again and again fail the file alone, which is tried again', async () => {
		at.drive.addFile('', 'a.txt', 'a');
		at.drive.addFile('', 'b.txt', 'b');
		const broken = at.drive.addFile('', 'broken.txt', 'broken');
		broken.contentStatus = 500;
		expect(await at.backUp()).toMatchObject({ changes: { added: 3, failed: 1 }, failures: [{ name: 'broken.txt' }] });
		expect([...(await at.files()).keys()]).toEqual(['a.txt', 'b.txt', 'broken.txt']);
		broken.contentStatus = undefined;
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0, updated: 1 } });
		expect(await at.files()).toEqual(at.living());
	});

	it('of a file that is gone by then are skipped', async () => {
		at.drive.addFile('', 'a.txt', 'a');
		const gone = at.drive.addFile('', 'gone.txt', 'gone');
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && gone.state === 'living') at.drive.delete(gone);
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0, skipped: 1 } });
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('of a file that is edited meanwhile never mix two states', async () => {
		const file = at.drive.addFile('', 'large.bin', new GeneratedContent(1, 10 * MB));
		let editsLeft = 1;
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { truncateAtByte: 4 * MB } });
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && editsLeft > 0 && at.sim.tenant.faults.struck > 0) {
					editsLeft -= 1;
					at.drive.edit(file, new GeneratedContent(2, 10 * MB));
				}
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0 }, warnings: [] });
		await same('large.bin');
		at.sim.tenant.faults.clear();
		// Its listing comes with the next run, and nothing is stored twice.
		const { bytes } = (await at.newest()).totals;
		const next = await at.backUp();
		expect(next).toMatchObject({ status: 'complete', totals: { bytes } });
		expect(next.stored.bytes).toBeLessThan(MB);
		expect((await at.entry('large.bin')).etag).toContain(',2"');
		await same('large.bin');
	});

	it('that differ in another name alone go on', async () => {
		const file = at.drive.addFile('', 'large.bin', new GeneratedContent(1, 10 * MB));
		at.sim.tenant.faults.script({ match: 'GET *download.aspx*', do: { truncateAtByte: 4 * MB } });
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && at.sim.tenant.faults.struck > 0 && file.name === 'large.bin') at.drive.rename(file, 'renamed.bin');
				return false;
			},
			do: { status: 500 },
		});
		const sent = bytesSent(at);
		await at.backUp();
		expect(sent()).toBeLessThan(11 * MB);
		await at.backUp();
		await same('renamed.bin');
	});

	it('run side by side, and leave nothing open when the run is stopped', async () => {
		for (let n = 0; n < 30; n++) at.drive.addFile('', `${n}.txt`, `text ${n}`);
		at.sim.tenant.latencyMs = 10;
		const stop = new AbortController();
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && downloads() >= 10) stop.abort();
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp({ signal: stop.signal })).toMatchObject({ status: 'partial', stoppedBy: 'cancellation' });
		at.sim.tenant.faults.clear();
		expect((await at.backUp()).status).toBe('complete');
		expect(await at.files()).toEqual(at.living());
	});

	it('stop at a limit and go on in the next run', async () => {
		for (let n = 0; n < 30; n++) at.drive.addFile('', `${n}.bin`, new GeneratedContent(n, 800));
		const first = await at.backUp({ stopAfter: { bytes: 5000 } });
		expect(first).toMatchObject({ status: 'partial', hasMore: true });
		at.sim.requestLog.reset();
		expect(await at.backUp()).toMatchObject({ status: 'complete', hasMore: false });
		expect(downloads()).toBeLessThan(30);
		expect(await at.files()).toEqual(at.living());
	});
});

describe('size and checksum', () => {
	it('of what SharePoint rewrites differ: a warning names the file', async () => {
		at.drive.addFile('', 'labelled.docx', 'as it was', { servedAs: 'as it is served' });
		at.drive.addFile('', 'photo.JPG', 'as it was', { servedAs: 'as it was, and more' });
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { added: 2, failed: 0 }, warnings: [expect.stringContaining('labelled.docx') as unknown, expect.stringContaining('photo.JPG') as unknown] });
		expect(downloads()).toBe(2);
		expect(await at.files()).toEqual(at.living());
		expect((await at.backUp()).status).toBe('unchanged');
	});

	it.each([100, 5 * MB])('of other files of %d bytes differ: one more try, then stored with a warning', async (sizeBytes) => {
		at.drive.addFile('', 'data.bin', new GeneratedContent(1, sizeBytes), { servedAs: new GeneratedContent(2, sizeBytes) });
		const summary = await at.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { added: 1, failed: 0 }, warnings: [expect.stringContaining('"data.bin" was downloaded twice') as unknown] });
		expect(downloads()).toBe(2);
		expect(await at.files()).toEqual(at.living());
	});

	it('of thousands differ: twenty are named, the others counted', async () => {
		for (let n = 0; n < 30; n++) at.drive.addFile('', `${n}.pdf`, `text ${n}`, { servedAs: 'protected' });
		const { warnings } = await at.backUp();
		expect(warnings).toHaveLength(21);
		expect(warnings.at(-1)).toContain('10 more files');
	});

	it('differ once only: the second download is stored, without a word', async () => {
		const file = at.drive.addFile('', 'data.bin', 'right', { servedAs: 'wrong' });
		at.sim.tenant.faults.script({
			match: (_method, path) => {
				if (path.includes('download.aspx') && downloads() >= 1) file.servedAs = undefined;
				return false;
			},
			do: { status: 500 },
		});
		expect(await at.backUp()).toMatchObject({ changes: { failed: 0 }, warnings: [] });
		expect((await at.files()).get('data.bin')).toBe('right');
	});
});

describe('odd files', () => {
	it('one of each sort', async () => {
		const folder = addDriveVariety(at.drive);
		const summary = await at.backUp();
		expect(summary).toMatchObject({ status: 'complete', changes: { failed: 0, skipped: 1 } });
		const files = await at.files();
		const expected = at.living();
		expected.set('Odd ones/eicar.com', '(no content: "Microsoft 365 found malware in it and does not hand it out")');
		expect(files).toEqual(expected);
		expect((await at.entry('Odd ones/Notebook')).meta['kind']).toBe('notebook');
		expect((await at.entry('Odd ones/eicar.com')).meta).toMatchObject({ malware: 'Virus:DOS/EICAR_Test_File' });
		expect((await at.entry('Odd ones/checked out.xlsx')).meta['checkedOutBy']).toBe(at.user.userPrincipalName);
		expect((await at.entry('Odd ones/no hash.pdf')).meta).not.toHaveProperty('quickXorHash');
		expect((await at.entry('Odd ones/no ending')).content![0]!.entry).toMatch(/no ending \[[0-9a-f]{8}\]$/);
		expect((await at.backUp()).status).toBe('unchanged');
		at.drive.checkOut(at.drive.item('Odd ones/checked out.xlsx'), null);
		at.sim.requestLog.reset();
		await at.backUp();
		expect(downloads()).toBe(0);
		expect((await at.entry('Odd ones/checked out.xlsx')).meta).not.toHaveProperty('checkedOutBy');
		expect(folder.isFolder).toBe(true);
	});

	it('malware that is found later is skipped once, with what was stored; once it is cured, the file is fetched', async () => {
		const file = at.drive.addFile('', 'a.bin', 'bytes');
		await at.backUp();
		file.malware = 'Virus';
		at.drive.touch(file);
		expect(await at.backUp()).toMatchObject({ changes: { skipped: 1, failed: 0 }, warnings: ['Files: 1 file was not backed up, since Microsoft 365 found malware and does not hand it out: "a.bin"'] });
		expect((await at.files()).get('a.bin')).toBe('bytes');
		at.drive.touch(file);
		expect(await at.backUp()).toMatchObject({ changes: { skipped: 0 }, warnings: [] });
		file.malware = undefined;
		at.drive.touch(file);
		await at.backUp();
		expect((await at.entry('a.bin')).meta).not.toHaveProperty('skipped');
		expect(downloads()).toBe(2);
	});

	it('malware that only the download tells of is skipped once, and kept as it was before', async () => {
		const file = at.drive.addFile('', 'a.bin', 'clean');
		await at.backUp();
		at.drive.edit(file, 'infected');
		const hide = (): void => {
			file.malware = at.sim.requestLog.byRoute.size >= 0 && at.sim.requestLog.count(/delta/) > 1 ? 'Virus' : undefined;
		};
		at.sim.tenant.faults.script({ match: (_method, path) => (path.includes('download.aspx') ? (hide(), false) : false), do: { status: 500 } });
		expect(await at.backUp()).toMatchObject({ status: 'complete', changes: { failed: 0, skipped: 1 }, warnings: [expect.stringContaining('a.bin') as unknown] });
		expect((await at.files()).get('a.bin')).toBe('clean');
		expect((await at.entry('a.bin')).meta['skipped']).toContain('malware');
		at.sim.tenant.faults.clear();
		expect((await at.backUp()).status).toBe('unchanged');
	});

	it('a notebook section that Microsoft never hands out is given up after a week', async () => {
		const notebook = at.drive.addNotebook('', 'Notes', { Huge: 'huge', Fine: 'fine' });
		notebook.child('Huge.one')!.contentStatus = 503;
		expect(await at.backUp()).toMatchObject({ changes: { failed: 1 } });
		for (let n = 0; n < 10; n++) await at.backUp({ hoursLater: 24 });
		const { failures, warnings } = await at.backUp({ hoursLater: 24 });
		expect(failures).toEqual([]);
		expect(warnings).toEqual([]);
		expect((await at.entry('Notes/Huge.one')).meta['skipped']).toBeDefined();
		expect((await at.files()).get('Notes/Fine.one')).toBe('fine');
	});

	it('names of 400 characters and in all scripts, in deep folders', async () => {
		const long = 'ä'.repeat(250);
		at.drive.addFile(Array.from({ length: 20 }, (_, n) => `Folder ${n}`).join('/'), `${long}.txt`, 'deep');
		at.drive.addFile('CON', 'x'.repeat(255), 'device');
		at.drive.addFile('#%', "it's 100% +&=?.txt".replace('?', ''), 'signs');
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('in a folder that nobody may read are told as failed, not as gone', async () => {
		at.sim.tenant.switches.driveDeltaDownloadUrl = 'absent';
		at.drive.addFile('Secret', 'a.txt', 'a');
		at.drive.addFile('', 'b.txt', 'b');
		at.drive.forbid('Secret');
		expect(await at.backUp()).toMatchObject({ changes: { added: 2, failed: 1 }, failures: [{ name: 'a.txt', reason: expect.stringContaining('No permission') as unknown }] });
		at.drive.forbid('Secret', false);
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('dates before any calendar of ZIP', async () => {
		at.drive.addFile('', 'old.txt', 'old', { modified: '1601-01-01T00:00:00Z', created: '1601-01-01T00:00:00Z' });
		at.drive.addFile('', 'later.txt', 'later', { modified: '2107-12-31T00:00:00Z' });
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
		expect((await at.entry('old.txt')).modified).toBe('1601-01-01T00:00:00Z');
	});

	it('copies of a large file are stored once', async () => {
		at.drive.addFile('', 'large.bin', new GeneratedContent(7, 6 * MB));
		at.drive.copy('large.bin', at.drive.root, 'again.bin');
		await at.backUp();
		at.drive.copy('large.bin', at.drive.root, 'later.bin');
		const { stored } = await at.backUp();
		expect(stored.bytes).toBeLessThan(MB);
		const refs = await Promise.all(['large.bin', 'again.bin', 'later.bin'].map(async (path) => (await at.entry(path)).content![0]!));
		expect(new Set(refs.map(({ archive, offset }) => `${archive} ${offset}`)).size).toBe(1);
		expect(await at.files()).toEqual(at.living());
	});

	it('shrunk and grown, empty and full again', async () => {
		const file = at.drive.addFile('', 'a.txt', 'something');
		await at.backUp();
		at.drive.edit(file, '');
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
		at.drive.edit(file, new GeneratedContent(3, 5 * MB));
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});

	it('two contents of one checksum and size are not taken for one another', async () => {
		const rows = [Buffer.alloc(160, 1), Buffer.alloc(160, 2)];
		const one = at.drive.addFile('', 'one.bin', Buffer.concat(rows));
		const two = at.drive.addFile('', 'two.bin', Buffer.concat([...rows].reverse()));
		expect(one.content!.quickXorHash).toBe(two.content!.quickXorHash);
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
		at.drive.edit(one, Buffer.concat([...rows].reverse()));
		await at.backUp();
		expect(await at.files()).toEqual(at.living());
	});
});

/** Bytes that left the simulator's download server. */
function bytesSent({ drive }: DriveFixture): () => number {
	let sent = 0;
	for (const file of drive.files()) {
		const content = file.content!;
		file.content = {
			sizeBytes: content.sizeBytes,
			quickXorHash: content.quickXorHash,
			read: (offset, length) => {
				const bytes = content.read(offset, length);
				sent += bytes.length;
				return bytes;
			},
		};
	}
	return () => sent;
}
