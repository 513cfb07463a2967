import { describe, expect, it } from 'vitest';
import { LineSpeed } from '../../../nodes/M365Backup/workloads/drive/line-speed';
import { VirtualAmbient } from '../graph/virtual-ambient';

const MB = 1024 * 1024;

/** A reader that waits so long for each megabyte and then is busy with it so long. */
function reader() {
	const ambient = new VirtualAmbient();
	const speed = new LineSpeed(ambient);
	const read = async (megabytes: number, waitMs: number, busyMs = 0): Promise<number> => {
		for (let n = 0; n < megabytes; n++) {
			await speed.wait(ambient.sleep(waitMs));
			ambient.advance(busyMs);
			speed.came(MB);
		}
		return speed.connections;
	};
	return { speed, read };
}

describe('How many connections a run downloads over', () => {
	it('is one where one brings 100 MB a second', async () => {
		expect(await reader().read(100, 10)).toBe(1);
	});

	it('is one where it is the reader that takes its time', async () => {
		expect(await reader().read(100, 40, 50)).toBe(1);
	});

	it('is doubled up to eight while all of them together are slow', async () => {
		const { read } = reader();
		expect(await read(8, 50)).toBe(1);
		expect(await read(8, 50)).toBe(2);
		expect(await read(8, 25)).toBe(4);
		expect(await read(8, 12)).toBe(8);
		expect(await read(80, 12)).toBe(8);
	});

	it('grows no further than is needed, and not for one break', async () => {
		const { read } = reader();
		expect(await read(1, 20_000)).toBe(1);
		expect(await read(103, 10)).toBe(1);
		expect(await read(16, 15)).toBe(2);
		expect(await read(100, 8)).toBe(2);
	});

	it('is one, for good, where the server does not send parts', async () => {
		const { speed, read } = reader();
		expect(await read(32, 50)).toBeGreaterThan(1);
		speed.settle();
		expect(await read(100, 50)).toBe(1);
	});
});
