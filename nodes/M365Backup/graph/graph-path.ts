/**
 * What a Graph path tells about itself: whose mailbox, which quota. All take a path relative to the version
 * (`/users/{id}/messages?…`), in both spellings that Graph uses: `/users/U/…` and `/users('U')/…`.
 */

const sharePointUnderUser = /^(drive|drives|sites|followedSites)\b/i;

function segments(path: string): string[] {
	const question = path.indexOf('?');
	return (question < 0 ? path : path.slice(0, question)).split('/').filter((part) => part !== '');
}

/** The mailbox in the path, in lower case, or undefined when the path is not about one. The user object itself is none. */
export function mailboxOf(path: string): string | undefined {
	const [first = '', second = '', third = ''] = segments(path);
	const quoted = /^users\('(.+)'\)$/i.exec(first);
	const [user, next] = quoted?.[1] === undefined ? [/^users$/i.test(first) ? second : '', third] : [quoted[1], second];
	if (user === '' || next === '' || /^(delta|\$count)\b/i.test(user) || sharePointUnderUser.test(next)) return undefined;
	return decodeURIComponent(user).toLowerCase();
}

/** Whether SharePoint's resource units pay for the path: drives, sites, shares. */
export function isSharePoint(path: string): boolean {
	const [first = '', second = '', third = ''] = segments(path);
	if (/^(drives|sites|shares)\b/i.test(first)) return true;
	if (/^(users|groups)$/i.test(first)) return sharePointUnderUser.test(third);
	return /^(users|groups)\('/i.test(first) && sharePointUnderUser.test(second);
}

/**
 * Resource units of a SharePoint or OneDrive request ("How to avoid getting throttled or blocked in SharePoint
 * Online"): 5 for permissions, 2 for lists, delta without a token, and writes, 1 for one item, delta with a token,
 * and downloads.
 */
export function resourceUnits(method: string, path: string): number {
	if (/\/permissions\b|expand=[^&]*permissions/i.test(path)) return 5;
	if (method !== 'GET') return 2;
	if (/\/delta\b/i.test(path)) return /[?&(](\$?deltatoken|\$?skiptoken|token)=/i.test(path) ? 1 : 2;
	return /\/(children|items|lists|drives|sites|columns|contentTypes|versions|pages)(\?|$)/i.test(path) ? 2 : 1;
}

/** A path fit for messages: no query string, which may hold a delta token. */
export function shownPath(path: string): string {
	const question = path.indexOf('?');
	return question < 0 ? path : path.slice(0, question);
}
