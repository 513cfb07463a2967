import type { IExecuteFunctions } from 'n8n-workflow';
import { isFailure, toFailure } from '../base/failure';
import { existenceOf, unknownBecause, type Existence } from '../graph/existence';
import type { SourceRef } from '../repository/records';
import { connectGraph, type ConnectedGraph } from './graph';

/**
 * Asks Microsoft 365 whether sources still exist, with the credential of this item; it signs in when the first question is
 * asked. What cannot be asked (an expired secret, a source of another tenant) is `unknown`. Throws only `cancelled` and
 * `defect`, and what n8n says where no credential is chosen.
 */
export function sourceExistence(this: IExecuteFunctions, itemIndex: number): (source: SourceRef, signal?: AbortSignal) => Promise<Existence> {
	let connected: Promise<ConnectedGraph> | undefined;
	const ask = async (source: SourceRef, signal?: AbortSignal): Promise<Existence> => {
		connected ??= connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
		const { graph, tenantId } = await connected;
		if (tenantId.toLowerCase() !== source.tenantId.toLowerCase()) return { state: 'unknown', reason: 'it belongs to another tenant than the credential' };
		return await existenceOf(graph, source.workload, source.id, signal ? { signal } : {});
	};
	return (source, signal) => ask(source, signal).catch(unknownUnlessStopped);
}

function unknownUnlessStopped(error: unknown): Existence {
	const failure = toFailure(error);
	if (isFailure(failure, 'cancelled', 'defect')) throw error;
	return unknownBecause(failure);
}
