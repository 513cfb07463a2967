import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { ZipArchive } from 'archiver';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretSearch } from '../../support/secret-search';
import { searchBytes, searchDatabase, searchFolder, type Searched } from '../../support/search-written';

const canary = 'cAn4ry~_-x/Y+z9876543210abcdefGHIJ==';
const other = randomBytes(24).toString('base64url');
const search = new SecretSearch([
	{ kind: 'canary', keys: [canary] },
	{ kind: 'other', keys: [other] },
]);
const kinds = (haystack: Buffer): string[] => [...new Set(search.find(haystack).map(({ kind }) => kind))];
const hidden = (spelled: Buffer | string, noise = 100_000): Buffer => Buffer.concat([randomBytes(noise), Buffer.from(spelled as string), randomBytes(noise)]);

describe('the search for secrets', () => {
	it.each<[string, (text: string) => Buffer | string]>([
		['as it is', (text) => text],
		['in a URL', (text) => `https://x.example/a?key=${encodeURIComponent(text)}&b=1`],
		['in JSON', (text) => JSON.stringify({ a: `"${text}\n"` })],
		['in JSON within JSON', (text) => JSON.stringify(JSON.stringify({ a: `"${text}\n"` }))],
		['in base64', (text) => Buffer.from(text).toString('base64')],
		['in base64, one byte later', (text) => Buffer.from(`:${text}`).toString('base64')],
		['in base64, two bytes later', (text) => Buffer.from(`id${text}!`).toString('base64')],
		['in base64url of more', (text) => Buffer.from(JSON.stringify({ name: 'ü?>', text })).toString('base64url')],
		['in base64 with line breaks', (text) => Buffer.from(`${'x'.repeat(50)}${text}`).toString('base64').replace(/.{76}/g, '$&\r\n')],
		['in UTF-16', (text) => Buffer.from(text, 'utf16le')],
		['in UTF-16 of the other order', (text) => Buffer.from(text, 'utf16le').swap16()],
		['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
		['in HEXADECIMAL', (text) => Buffer.from(text).toString('hex').toUpperCase()],
		['cut off behind 16 characters', (text) => text.slice(0, 16)],
		['without its beginning', (text) => text.slice(-16)],
		['at two ends of a page', (text) => `${text.slice(0, 18)}\0\0\0\x07${text.slice(18)}`],
	])('finds one %s', (_name, spell) => {
		expect(kinds(hidden(spell(canary)))).toEqual(['canary']);
		expect(kinds(Buffer.from(spell(canary) as string))).toEqual(['canary']);
	});

	it('finds nothing where there is nothing, nor in fifteen characters', () => {
		expect(kinds(hidden(canary.slice(0, 15)))).toEqual([]);
		expect(kinds(randomBytes(2_000_000))).toEqual([]);
		expect(kinds(Buffer.from(canary).reverse())).toEqual([]);
	});

	it('says where, without repeating it', () => {
		const [found] = search.find(Buffer.from(`the token is ${canary}`));
		expect(found!.around).toContain('the token is cAn4');
		expect(found!.around).not.toContain(canary.slice(0, 10));
	});

	it('refuses to look for what is too short to be told from chance', () => {
		expect(() => new SecretSearch([{ kind: 'x', keys: ['password'] }])).toThrow('too short');
	});

	it('takes line breaks of a private key for what they are', () => {
		const pem = new SecretSearch([{ kind: 'key', keys: [`${canary}\n${other}`] }]);
		expect(pem.find(Buffer.from(`"${canary}\\n${other}"`))).toHaveLength(1);
		expect(pem.find(Buffer.from(other))).toHaveLength(1);
	});
});

describe('the search through what was written', () => {
	let folder: string;
	let found: Searched;

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'm365-secrets-'));
		found = { leaks: [], files: 0, packed: 0, bytes: 0 };
	});
	afterEach(() => rm(folder, { recursive: true, force: true }));

	const places = (): string[] => found.leaks.map(({ kind, place }) => `${kind} in ${place}`);

	async function zipOf(entries: Record<string, Buffer | string>): Promise<Buffer> {
		const zip = new ZipArchive({});
		const pieces: Buffer[] = [];
		zip.on('data', (piece: Buffer) => pieces.push(piece));
		for (const [name, content] of Object.entries(entries)) zip.append(content, { name });
		await zip.finalize();
		return Buffer.concat(pieces);
	}

	it('looks into files, their names, gzip of several members, ZIP, and ZIP in gzip in ZIP', async () => {
		await mkdir(join(folder, 'a'));
		await writeFile(join(folder, 'a/plain.txt'), hidden(canary));
		await writeFile(join(folder, `a/${other}.txt`), 'x');
		await writeFile(join(folder, 'a/catalog'), Buffer.concat([gzipSync('first'), gzipSync(`"${canary}"`)]));
		await writeFile(join(folder, 'nested.bin'), await zipOf({ 'inner.gz': gzipSync(await zipOf({ 'deep/mail.eml': 'y'.repeat(500) + other })) }));
		await writeFile(join(folder, 'skipped.txt'), canary);
		await searchFolder(search, folder, found, (path) => path === 'skipped.txt');
		expect(places().sort()).toEqual([
			'canary in a/catalog!gzip',
			'canary in a/plain.txt',
			`other in name of a/${other}.txt`,
			'other in nested.bin!inner.gz!gzip!deep/mail.eml',
		]);
		expect(found).toMatchObject({ files: 4, packed: 4 });
	});

	it('looks into archives that broke off', async () => {
		const zip = await zipOf({ 'a.txt': `${'z'.repeat(300)}${canary}`, 'b.txt': randomBytes(5000) });
		await searchBytes(search, 'torn.zip', zip.subarray(0, zip.length - 3000), found);
		expect(places()).toEqual(['canary in torn.zip!entry at 0']);
		found.leaks.length = 0;
		await searchBytes(search, 'torn.gz', gzipSync(`${canary}${randomBytes(3000).toString('hex')}`).subarray(0, 1500), found);
		expect(places()).toEqual(['canary in torn.gz!gzip']);
	});

	it('looks into every value of a database, and into its raw file, where values span pages', async () => {
		const file = join(folder, 'database.sqlite');
		const database = new DatabaseSync(file);
		database.exec('CREATE TABLE runs (id INTEGER, data TEXT, more BLOB)');
		const insert = database.prepare('INSERT INTO runs VALUES (?, ?, ?)');
		for (let n = 0; n < 20; n++) insert.run(n, `${'w'.repeat(3000 + n * 5)}${n === 13 ? canary : ''}${'v'.repeat(20_000)}`, null);
		insert.run(99, '', gzipSync(other));
		database.close();
		expect(await searchDatabase(search, file, found)).toBe(22);
		expect(places().sort()).toEqual(['canary in table runs, data', 'other in table runs, more!gzip']);
		found.leaks.length = 0;
		await searchFolder(search, folder, found);
		expect(places()).toEqual(['canary in database.sqlite']);
	});
});
