import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { MessageRecord } from '../simulator/message';
import type { MessageChange } from './working-mailbox';

export function findRestic(): string | undefined {
	return ['/usr/bin/restic', '/usr/local/bin/restic'].find((file) => existsSync(file));
}

/**
 * The mailbox as a folder of `.eml` files, kept up to date change by change, and a restic repository of it. As in a
 * Maildir a message's marks stand in its file's name, so that restic has to remember them, too.
 */
export class ResticMirror {
	private readonly places = new Map<MessageRecord, string>();
	private readonly mail: string;
	private readonly repository: string;

	constructor(
		private readonly program: string,
		private readonly folder: string,
	) {
		this.mail = path.join(folder, 'mail');
		this.repository = path.join(folder, 'restic');
	}

	async begin(messages: Iterable<MessageRecord>): Promise<void> {
		for (const message of messages) await this.follow({ message, kind: 'arrived' });
		await this.run(['init']);
	}

	async follow({ message, kind }: MessageChange): Promise<void> {
		const before = this.places.get(message);
		if (kind === 'gone') {
			this.places.delete(message);
			if (before !== undefined) await rm(before);
			return;
		}
		const after = path.join(this.mail, String(message.folder.sequence), fileName(message));
		this.places.set(message, after);
		if (before === after) return;
		if (before === undefined) {
			await mkdir(path.dirname(after), { recursive: true });
			await writeFile(after, await message.content.mime());
			await utimes(after, message.receivedMs / 1000, message.receivedMs / 1000);
		} else {
			await mkdir(path.dirname(after), { recursive: true });
			await rename(before, after);
		}
	}

	/** @returns how long it took. */
	async backUp(at: Date): Promise<number> {
		return await this.run(['backup', '--quiet', '--time', at.toISOString().slice(0, 19).replace('T', ' '), '.'], this.mail);
	}

	async forget(keep: Readonly<Record<string, number>>): Promise<number> {
		const policy = Object.entries(keep).flatMap(([kind, count]) => [`--keep-${kind}`, String(count)]);
		return await this.run(['forget', '--quiet', '--prune', ...policy]);
	}

	async stored(): Promise<{ files: number; bytes: number }> {
		return await filesIn(this.repository);
	}

	private async run(args: readonly string[], cwd = this.folder): Promise<number> {
		const startedMs = performance.now();
		const child = spawn(this.program, [...args, '--repo', this.repository, '--cache-dir', path.join(this.folder, 'cache')], {
			cwd,
			stdio: ['ignore', 'ignore', 'pipe'],
			env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, RESTIC_PASSWORD: 'bench', TZ: 'UTC' },
		});
		let said = '';
		child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
		const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
		if (code !== 0) throw new Error(`restic ${args[0] ?? ''} ended with ${String(code)}: ${said.slice(-2000)}`);
		return (performance.now() - startedMs) / 1000;
	}
}

function fileName(message: MessageRecord): string {
	const marks = `${message.isRead ? 'S' : ''}${message.categories.length > 0 ? 'R' : ''}`;
	return `${message.sequence},${marks}.eml`;
}

export async function filesIn(folder: string): Promise<{ files: number; bytes: number }> {
	const found = { files: 0, bytes: 0 };
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		found.files += 1;
		found.bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
	}
	return found;
}
