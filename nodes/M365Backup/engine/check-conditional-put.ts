import { isFailure } from '../base/failure';
import { collectAtMost } from './check-bytes';
import type { StorageProbe } from './storage-probe';

const CONTENDERS = 4;
const MOST_BYTES = 100;

/** Of several who store a file at once only if it is not there, exactly one must win: so runs keep off each other's sources. */
export async function checkConditionalPut(probe: StorageProbe): Promise<void> {
	const { store, findings, signal } = probe;
	const name = 'conditionalPut';
	if (!store.capabilities.ifAbsent) {
		findings.unknown(
			name,
			'This storage does not promise to store a file only if it is not there, so that two runs of one source at once are not kept apart',
			'Let the workflows not overlap: two runs at once would store contents twice. Nothing is lost by it.',
		);
		return;
	}
	const key = probe.key('lease');
	/** Whether it won. */
	const put = async (content: string): Promise<boolean> => {
		try {
			await store.put(key, once(content), { ifAbsent: true, ...(signal && { signal }) });
			return true;
		} catch (error) {
			if (isFailure(error, 'conflict')) return false;
			throw error;
		}
	};
	await findings.trying(name, async () => {
		const names = Array.from({ length: CONTENDERS }, (_, index) => `contender ${index}`);
		const settled = await Promise.allSettled(names.map(put));
		for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
		const winners = names.filter((_, index) => (settled[index] as PromiseFulfilledResult<boolean>).value);
		const lateWins = await put('too late');
		const content = await store.get(key, undefined, signal);
		const stands = content === null ? undefined : (await collectAtMost(content, MOST_BYTES)).toString();
		if (winners.length === 1 && !lateWins && stands === winners[0]) {
			findings.good(name, `Of ${CONTENDERS} who stored a file at once only if it was not there, one won`);
			return;
		}
		const found = lateWins ? 'a file that was there was replaced' : winners.length === 1 ? 'what stands there is not what the one who won had stored' : `${winners.length} of ${CONTENDERS} won`;
		findings.bad(name, `Storing a file only if it is not there does not hold: ${found}`, 'Let the workflows not overlap: two runs of one source at once would not notice each other and store contents twice.');
	});
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, undefined> {
	await Promise.resolve();
	yield Buffer.from(text);
}
