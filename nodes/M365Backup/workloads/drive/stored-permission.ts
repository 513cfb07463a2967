import type { JsonObject } from '../../base/json';

interface GraphGrantee {
	id?: string;
	displayName?: string;
	email?: string;
	loginName?: string;
}

interface GraphGrantees {
	user?: GraphGrantee;
	group?: GraphGrantee;
	siteUser?: GraphGrantee;
	siteGroup?: GraphGrantee;
	application?: GraphGrantee;
}

/** A grant or a sharing link (Permission resource). */
export interface GraphPermission {
	id?: string;
	roles?: string[];
	link?: { type?: string; scope?: string; preventsDownload?: boolean };
	grantedToV2?: GraphGrantees;
	grantedToIdentitiesV2?: GraphGrantees[];
	grantedTo?: GraphGrantees;
	inheritedFrom?: object | null;
	expirationDateTime?: string;
}

/** The directory's account says more than the site's entry of the same person, so it comes first. */
const KINDS = ['user', 'group', 'application', 'siteUser', 'siteGroup'] as const;

/** What the item itself was given, in a lasting order; what it has from above stands there. */
export function storedPermissions(permissions: readonly GraphPermission[]): JsonObject[] {
	return permissions
		.filter(({ inheritedFrom }) => !inheritedFrom || Object.keys(inheritedFrom).length === 0)
		.sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1))
		.map(stored);
}

function stored(permission: GraphPermission): JsonObject {
	const { id = '', roles = [], link, grantedToV2, grantedToIdentitiesV2 = [], grantedTo, expirationDateTime } = permission;
	const people = [grantedToV2 ?? grantedTo, ...grantedToIdentitiesV2].flatMap((one) => grantee(one) ?? []);
	return {
		id,
		roles: [...roles].sort(),
		...(link
			? {
					link: {
						...(link.type === undefined ? {} : { type: link.type }),
						...(link.scope === undefined ? {} : { scope: link.scope }),
						...(link.preventsDownload === true ? { preventsDownload: true } : {}),
					},
				}
			: {}),
		...(people.length === 0 ? {} : { grantedTo: people }),
		...(expirationDateTime === undefined ? {} : { expires: expirationDateTime }),
	};
}

function grantee(given: GraphGrantees | undefined): JsonObject | undefined {
	if (!given) return undefined;
	const kind = KINDS.find((name) => given[name] !== undefined);
	const one = kind === undefined ? undefined : given[kind];
	if (kind === undefined || !one) return undefined;
	const loginName = one.loginName ?? given.siteUser?.loginName;
	return {
		kind,
		...(one.id === undefined ? {} : { id: one.id }),
		...(one.displayName === undefined ? {} : { name: one.displayName }),
		...(one.email === undefined ? {} : { email: one.email }),
		...(loginName === undefined ? {} : { loginName }),
	};
}
