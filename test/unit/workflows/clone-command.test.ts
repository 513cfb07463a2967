import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommand } from '../../../workflows/clone/options';

const root = resolve(__dirname, '../../..');

describe('npm run clone-workflows', () => {
	let folder: string;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'm365-backup-clone-'));
	});
	afterAll(async () => rm(folder, { recursive: true, force: true }));

	const run = async (...args: string[]): Promise<{ exitCode: number; out: string; err: string }> =>
		new Promise((done) => {
			execFile(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'workflows/clone/main.ts'), ...args], { cwd: folder }, (error, out, err) => done({ exitCode: error === null ? 0 : Number(error.code), out, err }));
		});
	const content = async (name: string): Promise<string> => readFile(join(folder, 'customers/contoso', name), 'utf8');

	it('writes the set and says what to do, refuses to write over it, and keeps its ids when forced', async () => {
		const first = await run('--customer', 'Contoso', '--only', 'nightly-mailbox-backup,nightly-prune.json');
		expect(first).toMatchObject({ exitCode: 0, err: '' });
		expect((await readdir(join(folder, 'customers/contoso'))).sort()).toEqual(['.seed', 'TO-DO.md', 'nightly-mailbox-backup.json', 'nightly-prune.json']);
		expect(first.out).toContain(await content('TO-DO.md'));
		const before = await content('nightly-prune.json');

		const second = await run('--customer', 'Contoso', '--keep-days', '7');
		expect(second).toMatchObject({ exitCode: 1, out: '' });
		expect(second.err).toMatch(/has 4 of these files already\. Nothing was written\..*--force/);
		expect(await content('nightly-prune.json')).toBe(before);

		expect((await run('--customer', 'Contoso', '--only', 'nightly-prune', '--keep-days', '7', '--force')).exitCode).toBe(0);
		const after = await content('nightly-prune.json');
		expect(after).not.toBe(before);
		const id = (text: string): string => (JSON.parse(text) as { id: string }).id;
		expect(id(after)).toBe(id(before));
	});

	it('gives two customers different ids, and the same customer elsewhere, too', async () => {
		await run('--customer', 'One', '--only', 'nightly-prune', '--out', 'one');
		await run('--customer', 'One', '--only', 'nightly-prune', '--out', 'again');
		// Somebody copied the folder of one customer to begin that of another with.
		await writeFile(join(folder, 'again', '.seed'), await readFile(join(folder, 'one', '.seed')));
		await run('--customer', 'Two', '--only', 'nightly-prune', '--out', 'again', '--force');
		const ids = await Promise.all(['one', 'again'].map(async (name) => (JSON.parse(await readFile(join(folder, name, 'nightly-prune.json'), 'utf8')) as { id: string }).id));
		expect(new Set(ids).size).toBe(2);
	});

	it('says how to use it', async () => {
		const { exitCode, out } = await run('--help');
		expect(exitCode).toBe(0);
		for (const option of ['--customer', '--out', '--repository', '--keep-days', '--mail-to', '--alert', '--only', '--force']) expect(out).toContain(option);
	});

	it('names what is wrong on one line, without a stack', async () => {
		const { exitCode, err } = await run('--customer', 'Contoso', '--only', 'nightly-mailbox-backup,nightly-mailbx', '--out', 'typo');
		expect(exitCode).toBe(1);
		expect(err).toMatch(/^There is no workflow nightly-mailbx\. There are:\n {2}/);
		expect(err).toContain('\n  nightly-mailbox-backup\n');
		expect(err).not.toContain('at ');
		expect(await readdir(folder)).not.toContain('typo');
	});
});

describe('the command line', () => {
	const wrong = (args: string[]): string => {
		try {
			readCommand(args);
		} catch (error) {
			return (error as Error).message;
		}
		throw new Error('It was taken');
	};
	it.each([
		[[], /^Whose workflows shall these be\? .*--customer "Contoso"/],
		[['--customer', '  '], /^Whose workflows shall these be/],
		[['--customer', 'A/B'], /may not contain the character \//],
		[['--customer', 'A:B'], /may not contain the character :/],
		[['--customer', 'A\nB'], /line breaks or invisible characters/],
		[['--customer', '..'], /may not begin or end with a full stop/],
		[['--customer', 'con'], /cannot be the name of a folder on Windows/],
		[['--customer', 'x'.repeat(61)], /has 61 characters; n8n has room for 60/],
		[['--customer', 'A', '--keep-days', '0'], /--keep-days 0 is no whole number of days, 1 or more/],
		[['--customer', 'A', '--keep-days', '1.5'], /--keep-days 1\.5/],
		[['--customer', 'A', '--mail-to', 'nobody'], /--mail-to "nobody" is no e-mail address/],
		[['--customer', 'A', '--mail-to', 'a@b.example,c d@e.example'], /"c d@e\.example" is no e-mail address/],
		[['--customer', 'A', '--repository', 'backups'], /is no whole path/],
		[['--customer', 'A', '--repository', 's3://No_Bucket/x'], /cannot be understood/],
		[['--customer', 'A', '--alert', 'pager'], /Choose slack, teams, mail/],
		[['--customer', 'A', '--channel', '#x'], /only with --alert slack/],
		[['--customer', 'A', '--alert', 'teams', '--teams-url', 'https://x.example/y?sv=1&sig=abc'], /That is a secret/],
		[['--customer', 'A', '--at', '25:00'], /is no time/],
		[['--customer', 'A', '--time-zone', 'Mars'], /--time-zone Mars is not known/],
		[['--customer', 'A', '--custmer', 'B'], /Unknown option '--custmer'/],
		[['A'], /Unexpected argument 'A'/],
	])('refuses %j', (args, message) => expect(wrong(args)).toMatch(message));

	it.each([
		['Contoso', 'contoso'],
		['Northwind Traders', 'northwind-traders'],
		['A. Müller & Söhne', 'a-muller-sohne-'],
		['株式会社', 'customer-'],
	])('makes a folder name of %s', (name, slug) => expect(readCommand(['--customer', name]).slug.startsWith(slug)).toBe(true));

	it('gives customers whose names differ only in what a folder name cannot hold different folders', () => {
		const slugs = ['A B', 'A & B', 'A + B', 'Ä B'].map((name) => readCommand(['--customer', name]).slug);
		expect(new Set(slugs).size).toBe(4);
	});
});
