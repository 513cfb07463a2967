import type { Tenant, TenantUser } from './tenant';

/** A group of Entra. Members may be groups again, also in a circle. */
export interface DirectoryGroup {
	id: string;
	displayName: string;
	mail: string | null;
	members: (TenantUser | DirectoryGroup)[];
}

/** The groups of the tenant: `tenant.groups.add({ displayName: 'Backup', members: [anna] })`. */
export class DirectoryGroups {
	readonly all: DirectoryGroup[] = [];

	constructor(private readonly tenant: Pick<Tenant, 'guid'>) {}

	add(options: { displayName: string; mail?: string; members?: (TenantUser | DirectoryGroup)[] }): DirectoryGroup {
		const group = { id: this.tenant.guid(`group/${options.displayName}/${this.all.length}`), displayName: options.displayName, mail: options.mail ?? null, members: [...(options.members ?? [])] };
		this.all.push(group);
		return group;
	}

	find(id: string): DirectoryGroup | undefined {
		return this.all.find((group) => group.id === id.toLowerCase());
	}

	/** The users in it and in the groups within it, each once. */
	usersIn(group: DirectoryGroup): TenantUser[] {
		const users = new Set<TenantUser>();
		const groups = new Set<DirectoryGroup>([group]);
		for (const one of groups) {
			for (const member of one.members) {
				if ('members' in member) groups.add(member);
				else users.add(member);
			}
		}
		return [...users];
	}
}
