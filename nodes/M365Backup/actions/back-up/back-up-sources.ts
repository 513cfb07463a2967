import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { connectGraph, type ConnectedGraph } from '../../connect/graph';
import { connectRepository, repositoryKey, type Repository, type SourceRef } from '../../connect/repository';
import type { BackUpOptions } from '../../engine/back-up-options';
import type { BackUpSummary } from '../../engine/back-up-summary';
import { toNodeError } from '../errors';
import { runPool } from '../pool';
import { useCases } from '../use-cases';
import type { BackUpKind } from './back-up-kind';
import { parallelSources, runChoices, type RunChoices } from './back-up-options';

/** What became of one input item. */
export interface BackUpOutcome {
	itemIndex: number;
	/** As far as it was found out before anything went wrong. */
	source?: SourceRef;
	/** As the user named it. */
	named?: string;
	repository?: Repository;
	choices?: RunChoices;
	/** Another item had named the same source before; this is that run's summary. */
	isRepeated: boolean;
	result: { summary: BackUpSummary } | { error: unknown };
}

/** What the items of one execution share. */
interface SharedRuns {
	repositories: Map<string, Promise<Repository>>;
	/** By repository and source: the same source twice in one run is backed up once. */
	runs: Map<string, Promise<BackUpSummary>>;
}

/** Backs up the source of each input item, several side by side. A source that fails never stops the others. */
export async function backUpAll(this: IExecuteFunctions, kind: BackUpKind<unknown>): Promise<BackUpOutcome[]> {
	const count = this.getInputData().length;
	const shared: SharedRuns = { repositories: new Map(), runs: new Map() };
	const outcomes: BackUpOutcome[] = [];
	await runPool(count, widthOf.call(this), async (itemIndex) => {
		const outcome: BackUpOutcome = { itemIndex, isRepeated: false, result: { error: undefined } };
		outcomes[itemIndex] = outcome;
		try {
			outcome.result = { summary: await backUpItem.call(this, kind, outcome, shared) };
		} catch (error) {
			outcome.result = { error };
		}
	});
	return outcomes;
}

function widthOf(this: IExecuteFunctions): number {
	try {
		return parallelSources.call(this);
	} catch (error) {
		throw toNodeError.call(this, error);
	}
}

async function backUpItem(this: IExecuteFunctions, kind: BackUpKind<unknown>, outcome: BackUpOutcome, shared: SharedRuns): Promise<BackUpSummary> {
	const { itemIndex } = outcome;
	const signal = this.getExecutionCancelSignal();
	signal?.throwIfAborted();
	const run = runChoices.call(this, itemIndex);
	outcome.choices = run;
	const choices = kind.choices.call(this, itemIndex);
	const named = kind.named.call(this, itemIndex);
	outcome.named = named.shown;

	const place = repositoryKey.call(this, itemIndex);
	const repository = await once(shared.repositories, place, () => connectRepository.call(this, itemIndex, { create: true }));
	outcome.repository = repository;
	// A client for each source: its counters are the summary's.
	const { graph, tenantId, quotas } = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const source: SourceRef = { workload: kind.workload, ...(await named.find(graph)), tenantId };
	outcome.source = source;

	const runKey = `${place}\n${tenantId}\n${source.id}`;
	outcome.isRepeated = shared.runs.has(runKey);
	return once(shared.runs, runKey, () =>
		useCases.backUp({
			repository,
			source,
			workload: kind.workloadOf({ graph, sourceId: source.id, choices }),
			ambient: realAmbient,
			...(signal ? { signal } : {}),
			stopAfter: run.stopAfter,
			fullResync: run.fullResync,
			alwaysRecord: run.alwaysRecord,
			holdWhenUnusual: run.holdWhenUnusual,
			...(run.tag === undefined ? {} : { tag: run.tag }),
			graph: graph.stats,
			...(quotas && { quotas: quotasOf(source, quotas) }),
			leaseHolder: `n8n ${this.getInstanceId()}, execution ${this.getExecutionId()}`,
			clockSkewMs: () => graph.clockSkewMs(),
		}),
	);
}

/** A mailbox's requests are counted for itself, those of drives and sites as resource units of the tenant. */
function quotasOf({ workload, id }: SourceRef, quotas: NonNullable<ConnectedGraph['quotas']>): NonNullable<BackUpOptions['quotas']> {
	return workload === 'mailbox' ? { ...quotas({ mailbox: id }), countedIn: 'requests' } : { ...quotas('sharePoint'), countedIn: 'resourceUnits' };
}

/** One promise for each key, also where the first is still going on. */
function once<T>(memory: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
	const known = memory.get(key);
	if (known) return known;
	const made = make();
	memory.set(key, made);
	return made;
}
