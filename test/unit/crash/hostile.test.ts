import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isFailure, type Failure } from '../../../nodes/M365Backup/base/failure';
import { selectedItems } from '../../../nodes/M365Backup/engine/export-selection';
import { filesToCopy } from '../../../nodes/M365Backup/engine/files-to-copy';
import { emptyTally, exportZip } from '../../../nodes/M365Backup/engine/export-zip';
import { importFiles } from '../../../nodes/M365Backup/engine/import-files';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { searchHistory } from '../../../nodes/M365Backup/engine/search-history';
import { searchSnapshot } from '../../../nodes/M365Backup/engine/search';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { MAX_LINE_CHARS, MAX_MEMBER_LINES } from '../../../nodes/M365Backup/repository/limits';
import { recordName, sourceKey } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { packSealed } from '../../../nodes/M365Backup/repository/sealed-gzip';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { sha256 } from '../../../nodes/M365Backup/repository/bytes';
import { all, bytesOf, message, readAll, SOURCE } from '../repository/fixtures';
import { backedUp, KEY, newWorld, save, type World } from './crash-world';
import { forge, type Forgery } from './forge';
import { ModelMailbox } from './model-mailbox';
import { memoryInUse } from '../../contract/sources';
import { cpuTimer } from '../../support/cpu-time';

const MB = 1024 * 1024;
const SPACES = Buffer.alloc(150 * MB, ' ');
const NEWLINES = Buffer.alloc(150 * MB, '\n');
const OTHER = { ...SOURCE, id: '6f1c2a34-0000-4000-8000-000000000002', name: 'Bob' };
const OTHER_KEY = sourceKey(OTHER);

/** A sound repository, to be forged. */
async function victim(): Promise<World> {
	const world = newWorld();
	const mailbox = new ModelMailbox(2);
	for (const name of ['a', 'b']) mailbox.put(name, `content of ${name}`);
	await backedUp(world, mailbox, 1e9);
	return world;
}

/** Everything that reads a repository which somebody brings. Each gives an answer or a Failure. */
const readers: Record<string, (world: World) => Promise<unknown>> = {
	search: async ({ store, ambient }) => {
		const repository = await Repository.open(store, ambient);
		return await all(searchSnapshot(repository, (await repository.latest(KEY))!, { text: 'nothing' }));
	},
	history: async ({ store, ambient }) => await all(searchHistory(await Repository.open(store, ambient), KEY, { all: true }, {})),
	selection: async ({ store, ambient }) => {
		const repository = await Repository.open(store, ambient);
		const snapshot = (await repository.latest(KEY))!;
		await all(selectedItems(repository, snapshot, { kind: 'folder', folderId: 'mail/f00', includeSubfolders: true })).catch((error: unknown) => {
			// The sound snapshot has no such folder.
			if (!isFailure(error, 'notFound')) throw error;
		});
	},
	contents: async ({ store, ambient }) => {
		const repository = await Repository.open(store, ambient);
		for await (const { content } of repository.catalog((await repository.latest(KEY))!).entries()) {
			for (const ref of content ?? []) for await (const chunk of repository.readContent(KEY, ref)) expect(chunk.length).toBeGreaterThan(0);
		}
	},
	export: async ({ store, ambient }) => {
		const repository = await Repository.open(store, ambient);
		const tally = emptyTally();
		await readAll(exportZip(repository, KEY, searchSnapshot(repository, (await repository.latest(KEY))!, {}), tally, {}));
		if (tally.failed > 0) throw new Error(JSON.stringify(tally.failures));
	},
	verify: async ({ store, ambient }) => {
		const { damage } = await verifyRepository(await Repository.open(store, ambient), { deep: true });
		if (damage.length > 0) throw new Error(damage.map(({ file, reason }) => `${file}: ${reason}`).join('\n'));
	},
	prune: async ({ store, ambient }) => {
		const [result] = await all(prune({ repository: await Repository.open(store, ambient), policy: { last: 1 }, zone: 'UTC', dryRun: false }));
		if (result?.refused) throw result.refused;
	},
	copy: async ({ store, ambient }) => {
		const problems: string[] = [];
		for await (const file of filesToCopy(await Repository.open(store, ambient), { target: 'nas', onProblem: ({ reason }) => problems.push(reason) })) await readAll(await file.open());
		if (problems.length > 0) throw new Error(problems.join('\n'));
	},
	import: async (world) => {
		const { files } = await save(world);
		const empty = newWorld();
		const results = await importFiles(empty.store, empty.ambient, [...files].map(([fileName, { bytes }]) => ({ fileName, open: () => bytesOf(bytes) })), { mode: 'import' });
		const refused = results.filter(({ outcome, fileName }) => outcome === 'refused' && !/lease|cursor\.json/.test(fileName));
		if (refused.length > 0) throw new Error(refused.map(({ fileName, reason }) => `${fileName}: ${reason ?? ''}`).join('\n'));
	},
	backup: async (world) => {
		world.ambient.advance(3_600_000);
		const mailbox = new ModelMailbox(2);
		for (const name of ['a', 'b', 'c']) mailbox.put(name, `content of ${name}`);
		await backedUp(world, mailbox, 1e9);
	},
};

interface Answer {
	said: string;
	failure: Failure | undefined;
	elapsedMs: number;
	peakBytes: number;
}

/** What a reader says, and what that cost. A crash of another kind than a Failure (or damage said aloud) is a defect. */
async function ask(reader: string, world: World): Promise<Answer> {
	const before = memoryInUse();
	let peak = before;
	const look = (): void => {
		const { heapUsed, external } = process.memoryUsage();
		peak = Math.max(peak, heapUsed + external);
	};
	const watch = setInterval(look, 5);
	const spentMs = cpuTimer();
	const answer: Answer = { said: '', failure: undefined, elapsedMs: 0, peakBytes: 0 };
	try {
		await readers[reader]!(world);
	} catch (error) {
		if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) throw new Error(`${reader}: ${error.stack ?? ''}`, { cause: error });
		answer.said = (error as Error).message;
		if (isFailure(error)) answer.failure = error;
	} finally {
		clearInterval(watch);
	}
	const elapsedMs = spentMs();
	look();
	return { ...answer, elapsedMs, peakBytes: peak - before };
}

function line(fields: object): string {
	return `${JSON.stringify(message('mail/a', fields))}\n`;
}

function content(fields: object): object {
	return { content: [{ archive: '20261122T100000Z-0002.archive-0001.zip', entry: 'F/a.eml', offset: 0, length: 100, size: 10, sha256: 'a'.repeat(64), ...fields }] };
}

/** `mail/f00`, `mail/f01` … */
function folders(count: number, parentOf: (at: number) => string): string[] {
	return Array.from({ length: count }, (_, at) => `${JSON.stringify({ id: `mail/f0${at}`, whole: true, type: 'folder', name: 'f', parent: parentOf(at), meta: {} })}\n`);
}

function nested(depth: number): string {
	return `{"id":"mail/a","whole":true,"type":"message","name":"x","meta":{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}}\n`;
}

/** What is said of it, by whom. Who is not named must answer without harm, whatever the answer. */
const forgeries: [what: string, forgery: Forgery, says: RegExp, by: string[]][] = [
	['a member that unpacks to 150 MB', { members: [{ first: 'mail/a', text: SPACES }] }, /cannot be unpacked/, ['search', 'export', 'verify']],
	['an index of newlines without end', { members: [{ first: 'mail/a', text: line({}) }], index: () => NEWLINES }, /cannot be unpacked/, ['search', 'verify', 'prune']],
	['an index of very many lines', { members: [{ first: 'mail/a', text: line({}) }], index: () => `{"index":1}\n${'{}\n'.repeat(300_000)}` }, /more than 200000 lines/, ['search', 'verify', 'prune']],
	['a gigantic line', { members: [{ first: 'mail/a', text: line({ name: 'x'.repeat(MAX_LINE_CHARS) }) }] }, /longer than \d+ characters/, ['search', 'verify']],
	['a name without end', { members: [{ first: 'mail/a', text: line({ name: 'x'.repeat(100_000) }) }] }, /bad "name"/, ['search', 'verify']],
	['too many lines in a member', { members: [{ first: 'mail/000000', text: Array.from({ length: MAX_MEMBER_LINES + 1 }, (_, at) => `{"id":"mail/${String(at).padStart(6, '0')}"}\n`).join('') }] }, /too many lines/, ['search', 'verify']],
	['a line nested without end', { members: [{ first: 'mail/a', text: nested(1_000_000) }] }, /nested deeper than 100/, ['search', 'verify']],
	['a line that is no object', { members: [{ first: 'mail/a', text: '[1,2]\n' }] }, /not an object/, ['search', 'verify']],
	['ids of the wrong type', { members: [{ first: 'mail/a', text: '{"id":{"a":1},"whole":true,"type":"message","name":"x"}\n' }] }, /has no id/, ['search', 'verify']],
	['a size that is text', { members: [{ first: 'mail/a', text: line({ size: '12' }) }] }, /bad "size"/, ['search', 'verify']],
	['an archive of another source', { members: [{ first: 'mail/a', text: line(content({ archive: `../${OTHER_KEY}/20261122T100000Z-0002.archive-0001.zip` })) }] }, /bad "content"/, ['search', 'contents', 'verify']],
	['an archive outside of the repository', { members: [{ first: 'mail/a', text: line(content({ archive: '../../../etc/passwd' })) }] }, /bad "content"/, ['contents', 'verify']],
	['an archive with an absolute path', { members: [{ first: 'mail/a', text: line(content({ archive: '/etc/passwd' })) }] }, /bad "content"/, ['contents', 'verify']],
	['an index that lists another source', { members: [{ first: 'mail/a', text: line({}) }], archives: [{ name: `../${OTHER_KEY}/x.zip`, size: 1, sha256: 'a'.repeat(64) }] }, /bad line/, ['verify', 'prune']],
	['a content at a negative offset', { members: [{ first: 'mail/a', text: line(content({ offset: -1 })) }] }, /bad "content"/, ['contents', 'verify']],
	['a content at an absurd offset', { members: [{ first: 'mail/a', text: line(content({ offset: Number.MAX_SAFE_INTEGER })) }] }, /./, ['contents', 'verify']],
	['a content of an absurd length', { members: [{ first: 'mail/a', text: line(content({ length: Number.MAX_SAFE_INTEGER, size: Number.MAX_SAFE_INTEGER })) }] }, /./, ['contents', 'verify']],
	['a content that no deflate could hold', { members: [{ first: 'mail/a', text: line(content({ size: 1e15 })) }] }, /cannot hold|not what they were/, ['contents', 'verify']],
	['folders in a ring', { members: [{ first: 'mail/f00', text: [...folders(3, (at) => `mail/f0${(at + 1) % 3}`), line({ parent: 'mail/f00', id: 'mail/z' })].join('') }] }, /^$/, ['search', 'history', 'selection']],
	['folders ten thousand deep', { members: [{ first: 'mail/f00', text: folders(10_000, (at) => `mail/f0${at + 1}`).sort().join('') }] }, /^$/, []],
	['an index far away', { members: [{ first: 'mail/a', text: line({}) }], record: (right) => ({ ...right, segments: right.segments.map((one) => ({ ...one, index: { ...one.index, offset: Number.MAX_SAFE_INTEGER - 1, length: 10 } })) }) }, /ends before/, ['search', 'verify', 'prune']],
	['an index of an absurd length', { members: [{ first: 'mail/a', text: line({}) }], record: (right) => ({ ...right, segments: right.segments.map((one) => ({ ...one, index: { ...one.index, length: 1e12 } })) }) }, /too large/, ['search', 'verify', 'prune']],
];

/** Records that cannot be read: the readers go on with the snapshot before, verify and prune say so. */
const badRecords: [what: string, record: (right: Parameters<NonNullable<Forgery['record']>>[0]) => object, says: RegExp][] = [
	['another source', (right) => ({ ...right, source: OTHER }), /(belongs to|record of) another source/],
	['a segment outside', (right) => ({ ...right, segments: right.segments.map((one) => ({ ...one, name: '../../secrets' })) }), /not the name of a segment/],
	['an archive of another source', (right) => ({ ...right, archives: [{ name: `../${OTHER_KEY}/20261122T100000Z-0002.archive-0001.zip`, size: 1, sha256: 'a'.repeat(64) }] }), /not the name of a archive/],
	['a cursor outside', (right) => ({ ...right, cursor: { name: '../cursor.json', sha256: 'a'.repeat(64) } }), /not the name of a cursor/],
	['an absurd number of segments', (right) => ({ ...right, segments: Array.from({ length: 2000 }, () => right.segments[0]!) }), /segments: /],
	['an infinite size', (right) => ({ ...right, segments: right.segments.map((one) => ({ ...one, size: 1e300 })) }), /size/],
	['a list that is an object', (right) => ({ ...right, segments: { length: 1e9 } }), /segments/],
	['a parent that is text', (right) => ({ ...right, parent: 'nobody' }), /parent/],
	['times that are none', (right) => ({ ...right, finishedAt: 'soon' }), /not a date/],
	['an id of its own', (right) => ({ ...right, id: '20270101T000000Z-ffff' }), /it is the record of/],
	['nothing', () => ({ format: 1 }), /source: Required/],
];

describe('a hostile repository', () => {
	describe.each(forgeries)('with %s', (_what, forgery, says, by) => {
		it('is refused with a clear error, in little time and memory', async () => {
			for (const reader of Object.keys(readers)) {
				const world = await victim();
				await forge(world, forgery);
				const { said, failure, elapsedMs, peakBytes } = await ask(reader, world);
				if (by.includes(reader)) expect(said, reader).toMatch(says);
				if (failure) expect(['corrupt', 'invalid'], `${reader}: ${failure.kind} ${failure.message}`).toContain(failure.kind);
				if (failure?.kind === 'corrupt') expect(failure.nextStep, `${reader}: ${failure.message}`).toBeTruthy();
				expect(elapsedMs, reader).toBeLessThan(10_000);
				expect(peakBytes / MB, reader).toBeLessThan(400);
			}
		});
	});

	it.each(badRecords)('with a record that names %s: verify and prune say so, nothing else follows it', async (_what, record, says) => {
		const world = await victim();
		await forge(world, { members: [{ first: 'mail/a', text: line({}) }], record });
		for (const reader of ['verify', 'prune', 'copy', 'import']) expect((await ask(reader, world)).said, reader).toMatch(says);
		for (const reader of ['search', 'history', 'selection', 'contents', 'export', 'backup']) expect((await ask(reader, world)).said, reader).toBe('');
	});

	it('with holds, prunes, cursors, ledgers and seen files that are forged: each is refused by name', async () => {
		const forged: [key: string, bytes: Buffer, says: RegExp][] = [
			[recordName('20270101T000000Z-0001', 'hold'), sealJson({ format: 1, snapshot: '../..', heldAt: 'x', by: 1, reason: {} }), /hold\.json is damaged/],
			[recordName('20270101T000000Z-0001', 'prune'), sealJson({ format: 1, id: '20270101T000000Z-0001', prunedAt: '2027-01-01', policy: {}, zone: 'UTC', snapshots: 'all', files: [] }), /prune\.json is damaged/],
			['cursor.json', sealJson({ format: 1, run: 'x', snapshot: 'y', scopes: [] }), /cursor\.json is damaged/],
		];
		for (const [name, bytes, says] of forged) {
			const world = await victim();
			await world.store.put(`${KEY}/${name}`, bytesOf(bytes));
			expect((await ask('verify', world)).said).toMatch(says);
			for (const reader of ['prune', 'backup', 'search', 'copy']) expect((await ask(reader, world)).failure, `${reader} with ${name}`).toBeUndefined();
		}
		const world = await victim();
		const ledger = await packSealed(Buffer.alloc(300 * MB, '\n'));
		await world.store.put('copies/nas/20270101T000000Z-0001.ndjson.gz', bytesOf(ledger));
		for (const reader of ['verify', 'copy']) {
			const { said, peakBytes } = await ask(reader, world);
			expect(said, reader).toMatch(/copies\/nas.*cannot be unpacked/);
			expect(peakBytes / MB).toBeLessThan(800);
		}
	});

	it('with a zip bomb as a content: it stops at the size that the catalog says', async () => {
		const world = await victim();
		const plain = Buffer.alloc(50 * MB);
		const packed = deflateRawSync(plain);
		const header = Buffer.alloc(30);
		header.writeUInt32LE(0x04034b50, 0);
		header.writeUInt16LE(8, 6);
		header.writeUInt16LE(8, 8);
		header.writeUInt16LE(7, 26);
		const descriptor = Buffer.alloc(16);
		descriptor.writeUInt32LE(0x08074b50, 0);
		descriptor.writeUInt32LE(crc32(plain), 4);
		descriptor.writeUInt32LE(packed.length, 8);
		descriptor.writeUInt32LE(plain.length, 12);
		const archive = Buffer.concat([header, Buffer.from('F/a.eml'), packed, descriptor]);
		const name = '20270101T000000Z-0001.archive-0001.zip';
		await world.store.put(`${KEY}/${name}`, bytesOf(archive));
		const claims = { archive: name, offset: 0, length: archive.length, size: 1000, sha256: sha256(plain) };
		await forge(world, { members: [{ first: 'mail/a', text: line(content(claims)) }], archives: [{ name, size: archive.length, sha256: sha256(archive) }] });
		const { said, elapsedMs, peakBytes } = await ask('contents', world);
		expect(said).toMatch(/unpacks to more than 1000 bytes/);
		expect(elapsedMs).toBeLessThan(2000);
		expect(peakBytes / MB).toBeLessThan(100);
		for (const reader of ['export', 'verify']) expect((await ask(reader, world)).said, reader).not.toBe('');
	});

	it('with items of kinds that nobody knows, and names that lead elsewhere: they are read as plain text', async () => {
		const world = await victim();
		const odd = ['__proto__', 'constructor', 'toString', '../../../etc', 'C:\\Windows', 'a/b'];
		const texts = odd.map((type, at) => JSON.stringify({ id: `mail/${at}`, whole: true, type, name: `../../${type}`, parent: '../..', meta: JSON.parse('{"__proto__":{"polluted":true}}') as object }));
		await forge(world, { members: [{ first: 'mail/0', text: `${texts.join('\n')}\n` }] });
		for (const reader of Object.keys(readers)) {
			const { failure } = await ask(reader, world);
			expect(failure?.kind, reader).not.toBe('defect');
		}
		expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
	});

	it('brought as files whose names lead elsewhere: none is taken', async () => {
		const names = ['../../etc/passwd', '/etc/passwd', `${KEY}/../x.snapshot.json`, `${KEY}/20261122T100000Z-0002.archive-0001.zip/../x`, `copies/../${KEY}/20261122T100000Z-0002.ndjson.gz`, 'C:\\repository.json', `${KEY}\\cursor.json`, `${KEY}/20261122T100000Z-0002.archive-0001.zip\0`];
		const { files } = await save(await victim());
		const empty = newWorld();
		const brought = [...[...files].map(([fileName, { bytes }]) => ({ fileName, bytes })), ...names.map((fileName) => ({ fileName, bytes: Buffer.from('evil') }))];
		const results = await importFiles(empty.store, empty.ambient, brought.map(({ fileName, bytes }) => ({ fileName, open: () => bytesOf(bytes) })), { mode: 'import' });
		for (const name of names) expect(results.find(({ fileName }) => fileName === name)?.outcome, name).toBe('refused');
		for (const { key } of await all(empty.store.list(''))) expect(files.has(key) || key.endsWith('cursor.json'), key).toBe(true);
	});
});
