import { existsSync } from 'node:fs';
import { writeFile, rename, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1'].find((path) => existsSync(path));

/** Why no clock can be put off here; undefined if it can. */
export function lackingForFakeClock(): string | undefined {
	return library === undefined ? 'no faketime: apt-get install -y --no-install-recommends faketime' : undefined;
}

/** A clock that the processes with this environment take for the machine's, and that a test puts off while they run. */
export class FakeClock {
	private constructor(private readonly folder: string) {}

	static async make(): Promise<FakeClock> {
		const clock = new FakeClock(await mkdtemp(join(tmpdir(), 'm365-backup-clock-')));
		await clock.set(0);
		return clock;
	}

	/** Timers go on as they do, only the time of day is another one. */
	get env(): Record<string, string> {
		return { LD_PRELOAD: library ?? '', FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
	}

	async set(minutesAhead: number): Promise<void> {
		// Never a file that is half there.
		await writeFile(`${this.file}.new`, `${minutesAhead < 0 ? '-' : '+'}${Math.abs(minutesAhead)}m\n`);
		await rename(`${this.file}.new`, this.file);
	}

	async remove(): Promise<void> {
		await rm(this.folder, { recursive: true, force: true });
	}

	private get file(): string {
		return join(this.folder, 'offset');
	}
}
