import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainMime, type AnswerJson } from './graph-caller';

let dir: string;
let running: ChildProcess | undefined;

beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), 'simulator-main-'));
});
afterEach(async () => {
	running?.kill('SIGKILL');
	await rm(dir, { recursive: true });
});

interface Announced {
	graphUrl: string;
	loginUrl: string;
	tenantId: string;
	clientId: string;
	clientSecret: string;
	caFile: string | null;
	token: string;
}

async function start(...args: string[]): Promise<{ announced: Announced; ended: Promise<number | null> }> {
	const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'main.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
	running = child;
	const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
	const line = await new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString())));
	return { announced: JSON.parse(line) as Announced, ended };
}

describe('the command', () => {
	it('prints one JSON line, serves the .eml files of a folder, records calls, and stops on SIGTERM', async () => {
		await mkdir(join(dir, 'mail', 'Inbox', 'Projects'), { recursive: true });
		await writeFile(join(dir, 'mail', 'Inbox', 'Projects', 'one.eml'), plainMime('From disk'));
		const record = join(dir, 'record.ndjson');
		const { announced, ended } = await start('--http', '--data', join(dir, 'mail'), '--record', record, '--latency', '1');
		expect(Object.keys(announced).sort()).toEqual(['caFile', 'clientId', 'clientSecret', 'graphUrl', 'loginUrl', 'tenantId', 'token']);
		const get = async (path: string): Promise<AnswerJson> => (await (await fetch(`${announced.graphUrl}/v1.0${path}`, { headers: { authorization: `Bearer ${announced.token}` } })).json()) as AnswerJson;
		const [user] = (await get('/users')).value;
		const [folder] = (await get(`/users/${user!.id}/mailFolders/inbox/childFolders`)).value;
		expect(folder).toMatchObject({ displayName: 'Projects', totalItemCount: 1 });
		expect((await get(`/users/${user!.id}/mailFolders/${folder!.id}/messages`)).value[0]?.subject).toBe('From disk');
		running!.kill('SIGTERM');
		expect(await ended).toBe(0);
		const lines = (await readFile(record, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
		expect(lines).toHaveLength(3);
		expect(Object.keys(lines[0]!)).toEqual(['method', 'url', 'status', 'requestBody', 'responseBody']);
	});

	it('generates users and messages, with certificates for further host names', async () => {
		const { announced } = await start('--users', '3', '--messages', '5', '--seed', '9', '--host-names', 'graph.simulated.example,login.simulated.example');
		expect(announced.graphUrl).toMatch(/^https:/);
		expect(await readFile(announced.caFile!, 'utf8')).toContain('BEGIN CERTIFICATE');
	});

	it('refuses options that make no sense', async () => {
		const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'main.ts'), '--port', 'http'], { stdio: ['ignore', 'ignore', 'pipe'] });
		let said = '';
		child.stderr.on('data', (data: Buffer) => (said += data.toString()));
		expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
		expect(said).toContain('port must be a whole number');
	});
});
