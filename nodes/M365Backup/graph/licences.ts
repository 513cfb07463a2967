import { Failure } from '../base/failure';
import type { GraphClient } from './client';
import { isGuid } from './tenant-id';

interface GraphSku {
	skuId: string;
	skuPartNumber: string;
}

/**
 * The GUIDs of licences, in lower case, each named by its GUID or by its part number (`SPE_E3`) in any case. Only part
 * numbers make a request, one for all of them (subscribedSku-list, no $filter). Failures: `notFound`, which names those
 * that the tenant has; `denied` names LicenseAssignment.Read.All.
 */
export async function licenceIds(client: GraphClient, named: readonly string[], options: { signal?: AbortSignal } = {}): Promise<string[]> {
	if (named.every(isGuid)) return named.map((id) => id.toLowerCase());
	const { value: skus = [] } = await client.json<{ value?: GraphSku[] }>({ path: '/subscribedSkus?$select=skuId,skuPartNumber', ...options });
	return named.map((name) => {
		if (isGuid(name)) return name.toLowerCase();
		const found = skus.find(({ skuPartNumber }) => skuPartNumber.toLowerCase() === name.toLowerCase());
		if (found) return found.skuId.toLowerCase();
		throw new Failure('notFound', `The tenant has no licence ${name}`, {
			nextStep: `Name it by its part number${skus.length > 0 ? ` (it has ${skus.map(({ skuPartNumber }) => skuPartNumber).sort().join(', ')})` : ''} or by its SKU ID, or write "any"`,
		});
	});
}
