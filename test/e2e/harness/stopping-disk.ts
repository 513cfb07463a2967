import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the disk stops: at the change that matches for so many times, counted from behind another one if said. Changes read `unlink /path`; others are `write`, `link`, `rename`. */
export interface Stop {
	after?: RegExp;
	match: RegExp;
	times: number;
}

/** A disk for n8n that stops answering where a test says (stopping-disk.cjs). */
export class StoppingDisk {
	private constructor(
		private readonly log: string,
		private readonly order: string,
	) {}

	/** @param within a part of the paths that are meant */
	static async make(folder: string, within: string): Promise<{ disk: StoppingDisk; env: Record<string, string> }> {
		const [log, order] = [join(folder, 'disk.log'), join(folder, 'disk.order')];
		const disk = new StoppingDisk(log, order);
		await disk.goOn();
		const env = { NODE_OPTIONS: `--require ${join(__dirname, 'stopping-disk.cjs')}`, STOPPING_DISK_WITHIN: within, STOPPING_DISK_LOG: log, STOPPING_DISK_ORDER: order };
		return { disk, env };
	}

	/** From now on. */
	async stopAt({ after, match, times }: Stop): Promise<void> {
		await writeFile(this.log, '');
		await writeFile(this.order, JSON.stringify({ ...(after ? { after: after.source } : {}), match: match.source, times }));
	}

	/** Comes back when the disk stands still. */
	async untilStopped(what: string): Promise<void> {
		await this.until((lines) => lines.includes('stopped'), what);
	}

	/** Comes back when what has happened is enough. */
	async until(isEnough: (lines: readonly string[]) => boolean, what: string): Promise<void> {
		const deadline = Date.now() + 180_000;
		for (;;) {
			const text = await readFile(this.log, 'utf8');
			if (isEnough(text.split('\n'))) return;
			if (Date.now() > deadline) throw new Error(`${what}: did not come that far within three minutes. The disk saw:\n${text.slice(-2000)}`);
			await sleep(2);
		}
	}

	async goOn(): Promise<void> {
		await writeFile(this.order, '');
		await writeFile(this.log, '');
	}
}
