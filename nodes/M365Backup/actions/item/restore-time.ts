import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { sayDuration } from '../../base/time-at-quotas';
import type { ConnectedGraph } from '../../connect/graph';
import type { SourceRef } from '../../connect/repository';
import type { RestoreProgress } from '../../engine/restore';
import { useCases } from '../use-cases';

/**
 * How long the restore would take that a preview has planned: as a hint for whoever looks at it, and with every result
 * (`wouldTake`), since an approval may show any of them. Nothing where nothing would be done.
 */
export function sayTime(
	this: IExecuteFunctions,
	output: readonly INodeExecutionData[],
	planned: readonly RestoreProgress[],
	{ connected, workload, target }: { connected: ConnectedGraph; workload: SourceRef['workload']; target: { id: string } },
): void {
	const quotas = connected.quotas?.(workload === 'mailbox' ? { mailbox: target.id } : 'sharePoint');
	if (quotas === undefined) return;
	const durationMs = planned.reduce((sum, progress) => sum + useCases.restoreTimeMs(workload, progress, quotas), 0);
	if (durationMs === 0) return;
	const items = planned.reduce((sum, { byOutcome: { created, replaced, movedBack } }) => sum + created + replaced + movedBack, 0);
	const wouldTake = `about ${sayDuration(durationMs)}`;
	for (const { json } of output) json['wouldTake'] = wouldTake;
	const message = `Restoring this (${items.toLocaleString('en-US')} ${items === 1 ? 'item' : 'items'}) would take ${wouldTake} at this tenant's quotas.`;
	this.addExecutionHints({ message, type: 'info', location: 'outputPane' });
}
