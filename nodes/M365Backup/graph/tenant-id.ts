import { Failure } from '../base/failure';

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const dnsName = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;

export function isGuid(text: string): boolean {
	return guid.test(text);
}

/**
 * The tenant as the user wrote it, trimmed and in lower case: a GUID or a DNS domain. It becomes part of a URL, so
 * anything else is refused before a byte is sent. Throws `invalid`.
 */
export function checkedTenantId(text: string): string {
	const tenantId = text.trim().toLowerCase();
	if (guid.test(tenantId) || dnsName.test(tenantId)) return tenantId;
	throw new Failure('invalid', 'The Tenant ID of the credential is neither a GUID nor a domain', {
		nextStep:
			'Copy "Directory (tenant) ID" from the overview of the app registration in Entra, or use a domain such as contoso.onmicrosoft.com',
	});
}
