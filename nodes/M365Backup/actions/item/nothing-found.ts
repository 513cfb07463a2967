import type { IExecuteFunctions } from 'n8n-workflow';
import { DateTime } from 'luxon';
import type { ChosenSnapshots } from '../../pickers/snapshot';

/** A hint in the output pane: without it, a search without a hit looks as if nothing had run. */
export function hintAtNothingFound(this: IExecuteFunctions, { snapshot, all }: Pick<ChosenSnapshots, 'snapshot' | 'all'>): void {
	const time = DateTime.fromISO(snapshot.finishedAt, { zone: this.getTimezone() }).toFormat('yyyy-LL-dd HH:mm');
	this.addExecutionHints({
		message: all
			? 'Nothing in any snapshot meets the conditions. Widen them.'
			: `Nothing in the snapshot of ${time} meets the conditions. Widen them, or choose another snapshot or All Snapshots.`,
		type: 'info',
		location: 'outputPane',
	});
}
