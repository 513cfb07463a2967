import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository } from '../../connect/repository';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { useCases } from '../use-cases';

/** Hold for one input item. */
export async function heldItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const by = this.getNodeParameter('heldBy', itemIndex, '') as string;
	const reason = this.getNodeParameter('reason', itemIndex, '') as string;
	const { repository, key, name, kind, id, signal } = await chosen.call(this, itemIndex);
	const { hold, wasHeld } = await useCases.holdSnapshot(repository, { key, id, by, reason }, signal);
	return [
		{
			json: { name, kind, snapshot: id, held: true, wasHeldBefore: wasHeld, by: hold.by, reason: hold.reason, heldAt: hold.heldAt },
			pairedItem: { item: itemIndex },
		},
	];
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
	return { repository, key, name: source.name, kind: source.workload, id: snapshot.id, signal: this.getExecutionCancelSignal() };
}
