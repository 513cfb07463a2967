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

/** Whether the path is about drives, sites or shares, which SharePoint holds. */
export function isSharePoint(path: string): boolean {
	const [first = '', second = '', third = ''] = segments(path);
	if (/^(drives|sites|shares)\b/i.test(first)) return true;
	if (/^(users|groups)$/i.test(first)) return sharePointUnderUser.test(third);
	return /^(users|groups)\('/i.test(first) && sharePointUnderUser.test(second);
}

/**
 * A path without the names that users gave: `/drives/D/root:/permissions/x:/children?…` → `/drives/D/root/children?…`.
 * A colon inside a name is always encoded, so that the bare ones enclose the names ("Addressing resources in a drive").
 */
export function withoutNames(path: string): string {
	const question = path.indexOf('?');
	const bare = question < 0 ? path : path.slice(0, question);
	return bare.replace(/:\/[^:]*(:|$)/g, '') + (question < 0 ? '' : path.slice(question));
}

/** A path fit for messages: no query string, which may hold a delta token. */
export function shownPath(path: string): string {
	const question = path.indexOf('?');
	return question < 0 ? path : path.slice(0, question);
}
