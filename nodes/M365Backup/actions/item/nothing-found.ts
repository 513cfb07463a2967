import type { IExecuteFunctions } from 'n8n-workflow';
import { DateTime } from 'luxon';
import type { SnapshotRecord } from '../../connect/repository';

/** A hint in the output pane: without it, a search without a hit looks as if nothing had run. */
export function hintAtNothingFound(this: IExecuteFunctions, snapshot: SnapshotRecord): void {
	const time = DateTime.fromISO(snapshot.finishedAt, { zone: this.getTimezone() }).toFormat('yyyy-LL-dd HH:mm');
	this.addExecutionHints({
		message: `Nothing in the snapshot of ${time} meets the conditions. Widen them, or choose another snapshot.`,
		type: 'info',
		location: 'outputPane',
	});
}
