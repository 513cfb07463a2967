import { hasPermission } from '../graph/permissions';

/** Application permissions for making, reading and removing items of a type. */
const NEEDED: Readonly<Record<string, string>> = {
	message: 'Mail.ReadWrite',
	event: 'Calendars.ReadWrite',
	contact: 'Contacts.ReadWrite',
	task: 'Tasks.ReadWrite.All',
	file: 'Files.ReadWrite.All',
	// Lists cannot be made and removed with less.
	listItem: 'Sites.Manage.All',
};

/** Whose access may be granted in Exchange itself (RBAC for Applications), where the token shows nothing of it. */
const OF_EXCHANGE = /^(Mail|Calendars|Contacts)\./;

/**
 * The permission that the token lacks for writing items of this type, as far as the token tells: rights on single sites
 * (Sites.Selected) and Exchange's own grants do not stand in it. A token that may only read is one that may not write.
 *
 * @param roles absent: not known
 */
export function lackedPermission(roles: readonly string[] | undefined, type: string): string | undefined {
	const needed = NEEDED[type];
	if (roles === undefined || needed === undefined || hasPermission(roles, needed)) return undefined;
	if (OF_EXCHANGE.test(needed) && !roles.includes(needed.replace('ReadWrite', 'Read'))) return undefined;
	if ((type === 'file' || type === 'listItem') && roles.includes('Sites.Selected')) return undefined;
	return needed;
}
