import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(__dirname, '../..');

it('npm run demo -- --exit gives back what was lost, and leaves nothing behind', async () => {
	// Other tests have temporary files, too.
	const temporary = await mkdtemp(join(tmpdir(), 'm365-backup-demo-'));
	try {
		const { exitCode, output } = await demo(['--exit'], temporary);
		expect(output).toMatch(/All [1-9]\d* lost messages are back, and equal what was lost/);
		for (const what of ['appointments', 'contacts', 'tasks']) {
			expect(output).toMatch(new RegExp(`All [1-9]\\d* lost ${what} are back`));
		}
		expect(exitCode).toBe(0);
		expect((await readdir(temporary)).filter((name) => name.startsWith('m365-backup-'))).toEqual([]);
	} finally {
		await rm(temporary, { recursive: true });
	}
});

async function demo(args: string[], temporary: string): Promise<{ exitCode: number | null; output: string }> {
	const child = spawn(process.execPath, [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, 'test', 'demo', 'main.ts'), ...args], { cwd: root, env: { ...process.env, TMPDIR: temporary } });
	let output = '';
	child.stdout.on('data', (part: Buffer) => (output += part.toString()));
	child.stderr.on('data', (part: Buffer) => (output += part.toString()));
	const exitCode = await new Promise<number | null>((done) => child.once('exit', done));
	return { exitCode, output };
}
