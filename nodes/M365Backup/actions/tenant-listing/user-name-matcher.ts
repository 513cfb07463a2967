import { folded } from '../../base/folded';
import { Wildcards } from '../../base/wildcards';
import type { UsersWanted } from '../../pickers/tenant-users';

/** Those filters that can be asked of the name and id under which a source stands in the repository: of a mailbox or OneDrive, an address. */
export function userNameMatcher({ startsWith = '', names: named = [], domains: inDomains = [], exclude: excluded = [] }: UsersWanted): (name: string, id: string) => boolean {
	const [names, domains, exclude] = [new Wildcards(named), new Wildcards(inDomains.map((domain) => `*@${domain}`)), new Wildcards(excluded)];
	const start = folded(startsWith);
	return (name, id) => {
		// `anna@contoso.com – OneDrive`
		const address = name.split(' – ')[0] ?? name;
		if (!folded(address).startsWith(start)) return false;
		return (names.isEmpty || names.matches(address, name)) && (domains.isEmpty || domains.matches(address)) && !exclude.matches(address, name, id);
	};
}
