import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { connectGraph } from '../../connect/graph';
import { connectRepository, repositoryKey, type Repository, type SourceRef } from '../../connect/repository';
import type { BackUpSummary } from '../../engine/back-up-summary';
import { findMailbox, requireMailbox } from '../../pickers/mailbox';
import { toNodeError } from '../errors';
import { runPool } from '../pool';
import { useCases } from '../use-cases';
import { backUpChoices, parallelSources, type BackUpChoices } from './back-up-options';

/** What became of one input item. */
export interface BackUpOutcome {
	itemIndex: number;
	/** As far as it was found out before anything went wrong. */
	source?: SourceRef;
	/** The mailbox as the user named it. */
	named?: string;
	repository?: Repository;
	choices?: BackUpChoices;
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

/** Backs up the mailbox of each input item, several side by side. A source that fails never stops the others. */
export async function backUpAll(this: IExecuteFunctions): Promise<BackUpOutcome[]> {
	const count = this.getInputData().length;
	const shared: SharedRuns = { repositories: new Map(), runs: new Map() };
	const outcomes: BackUpOutcome[] = [];
	await runPool(count, widthOf.call(this), async (itemIndex) => {
		const outcome: BackUpOutcome = { itemIndex, isRepeated: false, result: { error: undefined } };
		outcomes[itemIndex] = outcome;
		try {
			outcome.result = { summary: await backUpItem.call(this, outcome, shared) };
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

async function backUpItem(this: IExecuteFunctions, outcome: BackUpOutcome, shared: SharedRuns): Promise<BackUpSummary> {
	const { itemIndex } = outcome;
	const signal = this.getExecutionCancelSignal();
	signal?.throwIfAborted();
	const choices = backUpChoices.call(this, itemIndex);
	outcome.choices = choices;
	const named = requireMailbox.call(this, 'mailbox', itemIndex);
	outcome.named = named;

	const place = repositoryKey.call(this, itemIndex);
	const repository = await once(shared.repositories, place, () => connectRepository.call(this, itemIndex, { create: true }));
	outcome.repository = repository;
	// A client for each source: its counters are the summary's.
	const { graph, tenantId } = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const user = await findMailbox(graph, named);
	const source: SourceRef = { workload: 'mailbox', id: user.id, name: user.userPrincipalName, tenantId };
	outcome.source = source;

	const runKey = `${place}\n${tenantId}\n${source.id}`;
	outcome.isRepeated = shared.runs.has(runKey);
	return once(shared.runs, runKey, () =>
		useCases.backUp({
			repository,
			source,
			workload: useCases.mailboxWorkload({
				graph,
				mailboxId: source.id,
				ambient: realAmbient,
				content: choices.content,
				excludeFolders: choices.excludeFolders,
				recoverableItems: choices.recoverableItems,
				exchangeExport: choices.exchangeExport,
			}),
			ambient: realAmbient,
			...(signal ? { signal } : {}),
			stopAfter: choices.stopAfter,
			fullResync: choices.fullResync,
			alwaysRecord: choices.alwaysRecord,
			...(choices.tag === undefined ? {} : { tag: choices.tag }),
			graph: graph.stats,
			leaseHolder: `n8n ${this.getInstanceId()}, execution ${this.getExecutionId()}`,
			clockSkewMs: () => graph.clockSkewMs(),
		}),
	);
}

/** One promise for each key, also where the first is still going on. */
function once<T>(memory: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
	const known = memory.get(key);
	if (known) return known;
	const made = make();
	memory.set(key, made);
	return made;
}
