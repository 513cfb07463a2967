import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DateTime } from 'luxon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyRetention, type RetentionPolicy } from '../../nodes/M365Backup/repository/retention';

const run = promisify(execFile);
const RESTIC = '/usr/bin/restic';
const ZONE = 'Europe/Berlin';
const SPAN = { years: 'y', months: 'm', days: 'd', hours: 'h' } as const;

/** Around both changes of the clock, the turn of an ISO year, a leap day, midnights, and a few far away. */
const TIMES = [
	'2024-10-26T21:30:00Z', '2024-10-26T22:30:00Z', '2024-10-26T23:30:00Z', '2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z', '2024-10-27T02:30:00Z', '2024-10-27T22:30:00Z', '2024-10-27T23:30:00Z',
	'2024-03-30T22:30:00Z', '2024-03-30T23:30:00Z', '2024-03-31T00:30:00Z', '2024-03-31T01:30:00Z', '2024-03-31T02:30:00Z', '2024-03-31T21:30:00Z', '2024-03-31T22:30:00Z',
	'2020-12-31T22:30:00Z', '2020-12-31T23:30:00Z', '2021-01-01T10:00:00Z', '2021-01-03T22:30:00Z', '2021-01-03T23:30:00Z', '2021-01-04T10:00:00Z',
	'2020-02-29T12:00:00Z', '2020-02-28T23:30:00Z', '2021-02-28T12:00:00Z', '2024-12-29T23:30:00Z', '2024-12-30T10:00:00Z', '2025-01-01T12:00:00Z',
	'2025-03-31T10:00:00Z', '2025-03-31T09:00:00Z', '2025-03-03T10:00:00Z', '2025-03-03T11:00:00Z', '2025-03-03T11:00:01Z', '2025-02-28T10:00:01Z',
];

const POLICIES: RetentionPolicy[] = [
	{ last: 1 },
	{ last: 50 },
	{ hourly: 6 },
	{ hourly: 31 },
	{ hourly: -1 },
	{ daily: 4 },
	{ daily: 17 },
	{ daily: 500 },
	{ weekly: 6 },
	{ weekly: -1 },
	{ monthly: 3 },
	{ monthly: 100 },
	{ yearly: 2 },
	{ yearly: -1 },
	{ within: 'P1M' },
	{ within: 'P5M' },
	{ within: 'P5M4D' },
	{ within: 'P1Y' },
	{ within: 'P1Y1M' },
	{ within: 'P155D' },
	{ within: 'P155DT9H' },
	{ within: 'P155DT10H' },
	{ within: 'P155DT11H' },
	{ within: 'P365D' },
	{ last: 2, hourly: 3, daily: 5, weekly: 4, monthly: 6, yearly: 2, within: 'P28D' },
];

describe('the retention policy beside restic itself, in a time zone whose clocks change', () => {
	let folder: string;

	beforeAll(async () => {
		folder = await mkdtemp(path.join(tmpdir(), 'm365-restic-'));
		if (!existsSync(RESTIC)) return;
		await writeFile(path.join(folder, 'file'), 'x');
		await restic(['init'], ZONE);
		for (const time of TIMES) {
			// What a machine in Berlin stores: its wall clock, with the offset of that hour.
			const local = DateTime.fromISO(time, { zone: ZONE });
			await restic(['backup', '--time', local.toFormat('yyyy-MM-dd HH:mm:ss'), path.join(folder, 'file')], `Etc/GMT-${local.offset / 60}`);
		}
	}, 600_000);
	afterAll(() => rm(folder, { recursive: true, force: true }));

	async function restic(given: readonly string[], zone: string): Promise<string> {
		const env = { ...process.env, TZ: zone, RESTIC_REPOSITORY: path.join(folder, 'repository'), RESTIC_PASSWORD: 'test', RESTIC_CACHE_DIR: path.join(folder, 'cache') };
		return (await run(RESTIC, [...given, '--quiet'], { env })).stdout;
	}

	/** Times of the snapshots that restic would keep, sorted. */
	async function keptByRestic(policy: RetentionPolicy): Promise<string[]> {
		const { within, ...counts } = policy;
		// Older versions of restic do not know -1 for "all".
		const given = Object.entries(counts).flatMap(([kind, count]) => [`--keep-${kind}`, String(count === -1 ? 100_000 : count)]);
		if (within !== undefined) given.push('--keep-within', spanOf(within));
		const [group] = JSON.parse(await restic(['forget', '--dry-run', '--json', '--group-by', '', ...given], ZONE)) as { keep: { time: string }[] | null }[];
		return (group?.keep ?? []).map(({ time }) => DateTime.fromISO(time).toUTC().toISO({ suppressMilliseconds: true })!).sort();
	}

	it('keeps exactly the same snapshots', async (context) => {
		if (!existsSync(RESTIC)) context.skip(`There is no ${RESTIC}`);
		const [, minor] = /restic 0\.(\d+)/.exec(await restic(['version'], ZONE)) ?? [];
		// From 0.16 on the oldest snapshot stays as long as a count is left. Debian 12 has 0.14.
		const keepsOldest = minor === undefined || Number(minor) >= 16;
		for (const policy of POLICIES) {
			const ours = applyRetention(TIMES.map((time) => ({ id: time, time })), policy, ZONE);
			const kept = ours.keep.filter(({ reasons }) => keepsOldest || reasons.some((reason) => !reason.startsWith('oldest')));
			expect(kept.map(({ id }) => id).sort(), JSON.stringify(policy)).toEqual(await keptByRestic(policy));
			expect(ours.keep.length + ours.remove.length).toBe(TIMES.length);
		}
	});
});

/** `P1Y1M` → `1y1m`, as restic writes it. */
function spanOf(iso: string): string {
	const span = /^P(?:(?<years>\d+)Y)?(?:(?<months>\d+)M)?(?:(?<days>\d+)D)?(?:T(?<hours>\d+)H)?$/.exec(iso)!.groups!;
	return Object.entries(SPAN).map(([unit, letter]) => (span[unit] === undefined ? '' : `${span[unit]}${letter}`)).join('');
}
