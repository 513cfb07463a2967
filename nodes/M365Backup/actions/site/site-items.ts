import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { connectGraph } from '../../connect/graph';
import { findSites, siteMatcher } from '../../pickers/site';
import { limitOf } from '../limit';
import { SourceListing } from '../tenant-listing/source-listing';
import { textList } from '../tenant-listing/text-list';

/** Site: Get Many for one input item. */
export async function siteItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const filter = (name: string, fallback: unknown): unknown => this.getNodeParameter(`filters.${name}`, itemIndex, fallback);
	const search = filter('nameContains', '');
	const wanted = {
		search: typeof search === 'string' ? search : '',
		personal: filter('includePersonalSites', false) === true,
		names: textList(filter('name', '')),
		exclude: textList(filter('exclude', '')),
		...archivedOf(filter('archived', 'any')),
	};
	const signal = this.getExecutionCancelSignal();
	const connected = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const listing = await SourceListing.open.call(this, itemIndex, 'site', connected.tenantId, limitOf.call(this, itemIndex));
	for await (const page of findSites(connected, wanted)) {
		await listing.add(page.map((site) => ({ id: site.id, json: { ...site } })));
		if (listing.isFull()) break;
	}
	await listing.addGone({ isWanted: siteMatcher(wanted) });
	return listing.items;
}

function archivedOf(value: unknown): { archived?: boolean } {
	switch (value) {
		case 'any':
			return {};
		case 'yes':
			return { archived: true };
		case 'no':
			return { archived: false };
		default:
			throw new Failure('invalid', `Archived is ${JSON.stringify(value)}`, { nextStep: 'Choose Any, Not Archived or Only Archived.' });
	}
}
