import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository } from '../../connect/repository';
import { resolveSource } from '../../pickers/source';
import { dateParameter } from '../date-parameter';
import { limitOf } from '../limit';
import { useCases } from '../use-cases';

type Listing = Awaited<ReturnType<typeof useCases.listSnapshots>>[number];

/** Snapshot: Get Many for one input item. */
export async function snapshotItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const limit = limitOf.call(this, itemIndex);
	const filters = this.getNodeParameter('filters', itemIndex, {});
	const asOf = dateParameter(filters['asOf'], 'As Of', this.getTimezone());
	const repository = await connectRepository.call(this, itemIndex);
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex, ''));
	const listings = await useCases.listSnapshots(repository, {
		...(source ? { sourceKeys: [source.key] } : {}),
		...(asOf ? { asOf } : {}),
	});
	const wanted = listings.filter((listing) => matches(listing, filters));
	const simplify = this.getNodeParameter('simplify', itemIndex, true) as boolean;
	return wanted.slice(0, limit).map((listing) => ({
		json: simplify ? simplified(listing) : (listing as unknown as IDataObject),
		pairedItem: { item: itemIndex },
	}));
}

function matches(listing: Listing, filters: IDataObject): boolean {
	const { status, tag } = filters;
	if (typeof status === 'string' && status !== '' && status !== 'any' && listing.status !== status) return false;
	return typeof tag !== 'string' || tag === '' || listing.tag === tag;
}

function simplified(listing: Listing): IDataObject {
	return {
		id: listing.id,
		name: listing.source.name,
		kind: listing.source.workload,
		sourceId: listing.source.id,
		finishedAt: listing.finishedAt,
		status: listing.status,
		items: listing.totals.items,
		bytes: listing.totals.bytes,
		tag: listing.tag,
	};
}
