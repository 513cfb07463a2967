import { expect, it } from 'vitest';
import type { FaultAction } from '../simulator/faults';
import { SeededRandom } from '../simulator/seeded-random';
import { randomRuns, randomSeed } from '../support/random-runs';
import type { Switches } from '../simulator/switches';
import { addSamples, exchangeFixture, fullPortraits, lossySorts, plainSorts, type ExchangeFixture } from './exchange-help';
import { failures, outcomes, purgeAll, restoreAll } from './restore-help';

const ROUNDS = randomRuns(25);
const SEED = randomSeed();

const WHERE = [/exportItems$/, /importItem/, /createImportSession$/, /settings\/exchange$/, /translateExchangeIds$/, /\/move$/, /mailFolders\/drafts/, /\/messages\/[^/]+$/];
const FAULTS: readonly FaultAction[] = [{ status: 500 }, { status: 503 }, { reset: true }, { truncateAtByte: 30 }, { truncateAtByte: 30, silent: true }];
/** What the import and export API itself would say, having done nothing. */
const REFUSALS: readonly FaultAction[] = [{ status: 429, headers: { 'Retry-After': '1' } }, { status: 409 }, { status: 400 }, { status: 401 }, { status: 413 }];

function switches(random: SeededRandom): Partial<Switches> {
	return {
		exportItemIds: random.pick(['any', 'any', 'mutableOnly']),
		exportAnswerIds: random.pick(['asked', 'mutable']),
		exportDropsItems: random.pick([0, 0, 1, 3]),
		exportErrorName: random.pick(['error', 'Error']),
		importAnswerIds: random.pick(['mutable', 'immutable', 'foreign']),
		exchangeFolderIds: random.pick(['same', 'own']),
		newMessageNotFoundTimes: random.pick([0, 0, 1]),
		translateIdsForApplications: random.pick(['accepted', 'accepted', 'refused']),
		mailboxItemApi: random.pick(['present', 'present', 'present', 'notFound', 'badRequest']),
		batchValueBody: random.pick(['string', 'base64']),
	};
}

function trouble(fixture: ExchangeFixture, random: SeededRandom): void {
	const { faults } = fixture.sim.tenant;
	faults.clear();
	for (let n = random.below(5); n > 0; n--) {
		const where = random.pick(WHERE);
		const isRefusal = /Items|import/i.test(where.source) && random.chance(0.4);
		faults.script({
			match: (_method, path) => where.test(path.split('?')[0]!),
			when: isRefusal ? 'before' : random.pick(['before', 'during', 'after'] as const),
			skip: random.below(4),
			times: 1 + random.below(3),
			do: random.pick(isRefusal ? REFUSALS : FAULTS),
		});
	}
}

async function round(seed: number): Promise<void> {
	const random = new SeededRandom(seed, 0, 0);
	const fixture = await exchangeFixture({ switches: switches(random) });
	try {
		const all = [...lossySorts(), ...plainSorts()];
		const chosen = Array.from({ length: 1 + random.below(14) }, () => random.pick(all));
		for (const sample of chosen) addSamples(fixture, [sample], random.pick(['inbox', 'archive']));
		const exchangeExport = random.pick(['lossy', 'lossy', 'all', 'off'] as const);
		trouble(fixture, random);
		for (let tries = 0; tries < 4; tries++) if ((await fixture.backUpExchange({ exchangeExport })).status === 'complete') break;
		fixture.sim.tenant.faults.clear();
		await fixture.backUpExchange({ exchangeExport });
		for (const entry of (await fixture.entries()).values()) {
			if (entry.type !== 'message') continue;
			expect(entry.failed, entry.name).toBeUndefined();
			expect((await fixture.content(entry)).equals(await fixture.mailbox.message(entry.id.slice(5)).content.mime()), entry.name).toBe(true);
		}

		const before = await fullPortraits(fixture);
		purgeAll(fixture);
		let results = [];
		for (let tries = 0; tries < 8; tries++) {
			trouble(fixture, random);
			if (tries === 7) fixture.sim.tenant.faults.clear();
			try {
				results = await restoreAll(fixture);
				if (failures(results).length === 0) break;
			} catch {
				// Nothing can go on: the next restore takes up where this one stopped.
			}
		}
		fixture.sim.tenant.faults.clear();
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: chosen.length });
		const after = await fullPortraits(fixture);
		const told = (portraits: typeof before): string[] => portraits.map(({ folder, internetMessageId, isDraft, isRead, categories }) => JSON.stringify([folder, internetMessageId, isDraft, isRead, categories])).sort();
		expect(told(after)).toEqual(told(before));
		expect(fixture.sim.tenant.outbox).toEqual([]);
		expect(fixture.sim.misses).toEqual([]);
	} finally {
		await fixture.stop();
	}
}

it(`neither loses nor doubles a message, whatever Exchange does in the middle of exports and imports (${ROUNDS} rounds, seed ${SEED})`, async () => {
	for (let n = 0; n < ROUNDS; n++) {
		try {
			await round(SEED + n);
		} catch (error) {
			throw new Error(`Round with seed ${SEED + n} (RANDOM_SEED=${SEED + n})`, { cause: error });
		}
	}
});
