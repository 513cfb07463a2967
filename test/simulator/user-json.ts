import type { GraphRequest } from './exchange';
import { badRequest, GraphError } from './graph-error';
import type { TenantUser } from './tenant';

export const DEFAULT_USER_PROPERTIES = ['id', 'businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage', 'surname', 'userPrincipalName'];

/** What User.ReadBasic.All does not show (permissions reference). */
const BEYOND_BASIC = new Set(['accountEnabled', 'assignedLicenses', 'proxyAddresses', 'userType', 'createdDateTime', 'otherMails', 'mailNickname']);
const SEES_ALL = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'];

export function allUserProperties(user: TenantUser): Record<string, unknown> {
	return {
		id: user.id,
		businessPhones: [],
		displayName: user.displayName,
		givenName: user.givenName,
		jobTitle: user.jobTitle,
		mail: user.mail,
		mobilePhone: null,
		officeLocation: null,
		preferredLanguage: user.preferredLanguage,
		surname: user.surname,
		userPrincipalName: user.userPrincipalName,
		accountEnabled: user.accountEnabled,
		userType: user.userType,
		mailNickname: user.userPrincipalName.split('@')[0],
		proxyAddresses: user.mail ? [`SMTP:${user.mail}`] : [],
		otherMails: [],
		assignedLicenses: user.skuIds.map((skuId) => ({ skuId, disabledPlans: [] })),
		createdDateTime: '2024-01-15T08:00:00Z',
	};
}

/** What a `$filter` is held against. */
export const userFilterJson = allUserProperties;

/** The selected properties; what the roles do not show is null, or the request is refused (a switch). */
export function userJson(request: Pick<GraphRequest, 'roles' | 'tenant'>, user: TenantUser, select: readonly string[] | undefined): Record<string, unknown> {
	const seesAll = SEES_ALL.some((role) => request.roles.has(role));
	return selectedUser(user, select, (name) => {
		if (seesAll || !BEYOND_BASIC.has(name)) return true;
		if (request.tenant.switches.basicUserFields === 'refused') throw new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
		return false;
	});
}

/** A member of a group, to who may read groups and not users ("limited information returned for inaccessible member objects"). */
export function hiddenUserJson(user: TenantUser, select: readonly string[] | undefined): Record<string, unknown> {
	return { '@odata.type': '#microsoft.graph.user', ...selectedUser(user, select, (name) => name === 'id') };
}

function selectedUser(user: TenantUser, select: readonly string[] | undefined, isShown: (name: string) => boolean): Record<string, unknown> {
	const full = allUserProperties(user);
	const json: Record<string, unknown> = {};
	for (const wanted of select ?? DEFAULT_USER_PROPERTIES) {
		const name = Object.keys(full).find((one) => one.toLowerCase() === wanted.toLowerCase());
		if (!name) throw badRequest(`Could not find a property named '${wanted}' on type 'microsoft.graph.user'.`, 'Request_BadRequest');
		json[name] = isShown(name) ? full[name] : null;
	}
	return json;
}
