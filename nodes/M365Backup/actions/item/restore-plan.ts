import type { IExecuteFunctions } from 'n8n-workflow';
import type { Repository, SnapshotRecord } from '../../connect/repository';
import type { RestoreSelection } from '../../engine/restore';
import { chosenSnapshot, type ChosenSnapshots } from '../../pickers/snapshot';
import { narrowSearch, type ItemSearch } from './item-search';
import { chosenItemSnapshot, inPieces, maxItemIds, snapshotSelection } from './read-selection';

/** Which items of which snapshots; what several snapshots have takes several steps. */
export interface RestorePlan {
	steps: { snapshot: SnapshotRecord; selection: RestoreSelection }[];
	/** What the user chose, for hints. */
	chosen: ChosenSnapshots;
}

/** For one input item; `inputIds` are those of all input items that are restored with it. Failures as of its parameters. */
export async function restorePlan(
	this: IExecuteFunctions,
	repository: Repository,
	sourceKey: string,
	itemIndex: number,
	inputIds: readonly string[],
): Promise<RestorePlan> {
	if (inputIds.length > 0) {
		const chosen = await chosenItemSnapshot.call(this, repository, sourceKey, itemIndex);
		return { steps: stepsOf(chosen.snapshot, inputIds), chosen: { ...chosen, all: false } };
	}
	if (this.getNodeParameter('selection', itemIndex) === 'search') return await bySearch.call(this, repository, sourceKey, itemIndex);
	const chosen = await chosenSnapshot.call(this, repository, sourceKey, itemIndex);
	const { snapshot } = chosen;
	const selection = await snapshotSelection.call(this, repository, snapshot, itemIndex, { selection: 'Restore What', folder: 'Folder to Restore' });
	return { steps: [{ snapshot, selection }], chosen: { ...chosen, all: false } };
}

/** Refuses a search that finds everything. */
async function bySearch(this: IExecuteFunctions, repository: Repository, sourceKey: string, itemIndex: number): Promise<RestorePlan> {
	const search = await narrowSearch.call(this, repository, sourceKey, itemIndex, 'Restore What');
	const { snapshot, query } = search;
	if (!search.isAcrossSnapshots) return { steps: [{ snapshot, selection: { kind: 'search', query } }], chosen: search };
	return { steps: await acrossSnapshots.call(this, repository, sourceKey, search), chosen: search };
}

/** Each item from the newest snapshot that has it. */
async function acrossSnapshots(this: IExecuteFunctions, repository: Repository, sourceKey: string, search: ItemSearch): Promise<RestorePlan['steps']> {
	const signal = this.getExecutionCancelSignal();
	const ids = new Map<string, string[]>();
	for await (const { id, snapshot } of search.found(signal ? { signal } : {})) {
		const known = ids.get(snapshot.id);
		if (known) known.push(id);
		else ids.set(snapshot.id, [id]);
	}
	const steps: RestorePlan['steps'] = [];
	for (const [snapshotId, found] of ids) steps.push(...stepsOf(await repository.snapshot(sourceKey, snapshotId, signal), found));
	return steps;
}

function stepsOf(snapshot: SnapshotRecord, ids: readonly string[]): RestorePlan['steps'] {
	return inPieces(ids, maxItemIds).map((some) => ({ snapshot, selection: { kind: 'ids', ids: some } }));
}
