import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { connectGraph } from '../../connect/graph';
import { connectRepository, repositoryKey } from '../../connect/repository';
import type { RestoreOptions, RestoreProgress, RestoreResult } from '../../engine/restore';
import { requiredSource } from '../../pickers/source';
import { groupItems } from '../each-item';
import { failedItem, sentences, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { targetParameters } from './destination-fields';
import { refuseMisfit } from './fitting-target';
import { hintAtNothingFound } from './nothing-found';
import { inputItemId, itemSnapshot } from './read-selection';
import { restoreMode } from './restore-mode';
import { restorePlan } from './restore-plan';
import { conflictPolicy, restoreTarget, targetFolderKey } from './restore-request';
import { sayTime } from './restore-time';
import { findTarget, restorerInto } from './target-restorer';

/** One call of the use case: input items that go the same way are restored together. */
interface RestoreJob {
	first: number;
	members: number[];
	/** Item id → the input item that stands for it; empty unless input items are restored. */
	inputs: Map<string, number>;
	/** Input items that have a result. */
	answered: Set<number>;
	/** Of what is written to, as soon as it is known, for errors. */
	targetName?: string;
}

/** Restore: one item for each item of the snapshot with what became, or would become, of it. */
export async function restoreAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, groupKey.bind(this));
	const output = [...failed];
	for (const { first, members } of groups) {
		const inputs = new Map<string, number>();
		const job: RestoreJob = { first, members, inputs, answered: new Set() };
		try {
			if (isInputItems.call(this, first)) {
				for (const itemIndex of members) {
					const id = inputItemId.call(this, itemIndex);
					// Of two items for the same id, the first gets the result.
					if (!inputs.has(id)) inputs.set(id, itemIndex);
				}
			}
			await restoreJob.call(this, job, output);
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first, job.targetName);
			const unanswered = inputs.size > 0 ? members.filter((itemIndex) => !job.answered.has(itemIndex)) : [];
			output.push(...(unanswered.length > 0 ? unanswered : [first]).map((itemIndex) => failedItem(error, itemIndex, { name: job.targetName })));
		}
	}
	return output;
}

function isInputItems(this: IExecuteFunctions, itemIndex: number): boolean {
	return this.getNodeParameter('selection', itemIndex) === 'inputItems';
}

/** Also refuses, before anything is sent, what an agent may not do. */
function groupKey(this: IExecuteFunctions, itemIndex: number): string {
	const mode = restoreMode.read.call(this, itemIndex);
	if (!isInputItems.call(this, itemIndex)) return `item ${itemIndex}`;
	inputItemId.call(this, itemIndex);
	return JSON.stringify([
		mode,
		repositoryKey.call(this, itemIndex),
		itemSnapshot.call(this, itemIndex),
		targetFolderKey.call(this, itemIndex),
		...['source', 'conflictPolicy', 'options.permissions', ...targetParameters].map((name) => this.getNodeParameter(name, itemIndex, null) as unknown),
	]);
}

/** Puts each result out as it comes: what was restored before an error must not go unsaid. */
async function restoreJob(this: IExecuteFunctions, job: RestoreJob, output: INodeExecutionData[]): Promise<void> {
	const { first, inputs } = job;
	const mode = restoreMode.read.call(this, first);
	const { place, destination } = restoreTarget.call(this, first);
	const policy = conflictPolicy.call(this, first);
	const repository = await connectRepository.call(this, first);
	const source = await requiredSource.call(this, repository, first);
	const { steps, chosen } = await restorePlan.call(this, repository, source.key, first, [...inputs.keys()]);

	refuseMisfit(source.source, place, { steps });

	const signal = this.getExecutionCancelSignal();
	const connected = await connectGraph.call(this, first, { priority: 'restore', ...(signal ? { signal } : {}) });
	const target = await findTarget(place, source.source, connected);
	job.targetName = target.name;
	const options: Omit<RestoreOptions, 'selection' | 'snapshot' | 'restorer'> = {
		repository,
		source: source.source,
		destination,
		conflictPolicy: policy,
		mode,
		ambient: realAmbient,
		...(signal ? { signal } : {}),
	};
	let results = 0;
	const firstOutput = output.length;
	const planned: RestoreProgress[] = [];
	for (const [index, step] of steps.entries()) {
		const restorer = await restorerInto.call(this, { place, target, source: source.source, repository, snapshot: step.snapshot, connected, itemIndex: first });
		for await (const result of useCases.restore({ ...options, ...step, restorer, onProgress: (progress) => (planned[index] = progress) })) {
			const item = inputs.get(result.id) ?? first;
			output.push({ json: resultJson(result, chosen.warnings), pairedItem: { item } });
			results += 1;
			job.answered.add(item);
		}
	}
	if (mode === 'preview') sayTime.call(this, output.slice(firstOutput), planned, { connected, workload: place.kind === 'own' ? source.source.workload : place.kind, target });
	if (results === 0) hintAtNothingFound.call(this, chosen);
	for (const warning of chosen.warnings) this.addExecutionHints({ message: warning, type: 'warning', location: 'outputPane' });
}

/**
 * `warnings` are about the snapshot, e.g. that it is partial: every result says so, since it may be read alone. What a
 * person looks for comes first, since it is the left of n8n's table; the long ids come last.
 */
function resultJson({ nextStep, ...result }: RestoreResult, warnings: readonly string[]): IDataObject {
	const { id, newId, name, outcome, wouldBe, reason: given, targetPath, ...others } = result;
	const reason = sentences(given, nextStep);
	return {
		name,
		outcome,
		...(wouldBe === undefined ? {} : { wouldBe }),
		...(reason === '' ? {} : { reason }),
		targetPath,
		...others,
		...(warnings.length === 0 ? {} : { warning: sentences(...warnings) }),
		...(newId === undefined ? {} : { newId }),
		id,
	};
}
