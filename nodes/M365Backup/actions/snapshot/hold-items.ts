import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toFailure } from '../../base/failure';
import { connectRepository, type Repository, type SnapshotRecord } from '../../connect/repository';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { useCases } from '../use-cases';

/** Hold for one input item. */
export async function heldItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const by = this.getNodeParameter('heldBy', itemIndex, '') as string;
	const reason = this.getNodeParameter('reason', itemIndex, '') as string;
	const { repository, key, name, kind, id, snapshot, signal } = await chosen.call(this, itemIndex);
	const { hold, wasHeld } = await useCases.holdSnapshot(repository, { key, id, by, reason }, signal);
	const locks = await lockHeld(repository, snapshot, signal);
	return [
		{
			json: { name, kind, snapshot: id, held: true, wasHeldBefore: wasHeld, by: hold.by, reason: hold.reason, heldAt: hold.heldAt, ...locks },
			pairedItem: { item: itemIndex },
		},
	];
}

/** It is held whether or not its files could be locked. */
async function lockHeld(repository: Repository, snapshot: SnapshotRecord, signal: AbortSignal | undefined): Promise<{ immutableUntil?: string; warning?: string }> {
	try {
		const until = await useCases.lockSnapshot(repository, snapshot, signal);
		return until ? { immutableUntil: until.toISOString() } : {};
	} catch (error) {
		const failure = toFailure(error);
		if (failure.kind === 'cancelled') throw failure;
		return { warning: `The snapshot is held, but its files could not be locked yet: ${failure.message}. The next backup of this source tries again.` };
	}
}

/** Release for one input item. */
export async function releasedItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const { repository, key, name, kind, id, signal } = await chosen.call(this, itemIndex);
	const hold = await useCases.releaseSnapshot(repository, key, id, signal);
	return [
		{
			json: { name, kind, snapshot: id, held: false, wasHeldBefore: hold !== null, by: hold?.by ?? null, reason: hold?.reason ?? null, heldAt: hold?.heldAt ?? null },
			pairedItem: { item: itemIndex },
		},
	];
}

async function chosen(this: IExecuteFunctions, itemIndex: number) {
	const repository = await connectRepository.call(this, itemIndex);
	const { key, source } = await requiredSource.call(this, repository, itemIndex);
	const { snapshot } = await chosenSnapshot.call(this, repository, key, itemIndex);
	return { repository, key, name: source.name, kind: source.workload, id: snapshot.id, snapshot, signal: this.getExecutionCancelSignal() };
}
