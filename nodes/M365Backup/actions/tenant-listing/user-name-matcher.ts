import { folded } from '../../base/folded';
import { Wildcards } from '../../base/wildcards';
import type { UsersWanted } from '../../pickers/tenant-users';
import type { GoneSource } from './source-listing';

/**
 * Those filters that can be asked of the name and id under which a mailbox or OneDrive stands in the repository. The name is the
 * sign-in name: it knows neither display name nor any other address.
 */
export function userNameMatcher({ startsWith = '', names: named = [], domains: inDomains = [], exclude: excluded = [] }: UsersWanted): (source: GoneSource) => boolean {
	const [names, domains, exclude] = [new Wildcards(named), new Wildcards(inDomains.map((domain) => `*@${domain}`)), new Wildcards(excluded)];
	const start = folded(startsWith);
	return ({ name, id }) => {
		// `anna@contoso.com – OneDrive`
		const address = name.split(' – ')[0] ?? name;
		if (!folded(address).startsWith(start)) return false;
		return (names.isEmpty || names.matches(address, name)) && (domains.isEmpty || domains.matches(address)) && !exclude.matches(address, name, id);
	};
}
