/** A licence that the tenant has bought. */
export interface LicenceSku {
	skuId: string;
	skuPartNumber: string;
}

/** Microsoft's own ids ("Product names and service plan identifiers for licensing"). */
export const OFFICE_E3: LicenceSku = { skuId: '6fd2c87f-b296-42f0-b197-1e91e994b900', skuPartNumber: 'ENTERPRISEPACK' };
export const MICROSOFT_E5: LicenceSku = { skuId: '06ebc4ee-1bb5-47dd-8120-11324bc54e06', skuPartNumber: 'SPE_E5' };
/** No mailbox, no OneDrive. */
export const POWER_BI_FREE: LicenceSku = { skuId: 'a403ebcc-fae0-4ca2-8c8c-7a907fd6c235', skuPartNumber: 'POWER_BI_STANDARD' };

export const TENANT_SKUS: readonly LicenceSku[] = [OFFICE_E3, MICROSOFT_E5, POWER_BI_FREE];
