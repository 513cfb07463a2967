import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { UsersWanted } from '../../pickers/tenant-users';
import { textList } from './text-list';

/** Filters by who a user is, for mailboxes and OneDrives. In the order of their names, as n8n shows them. */
export const userFilters: readonly INodeProperties[] = [
	{
		displayName: 'Account',
		name: 'account',
		type: 'options',
		options: [
			{ name: 'Any', value: 'any' },
			{ name: 'Disabled', value: 'disabled', description: 'Only accounts that cannot sign in: people who left, and most shared mailboxes, rooms and equipment' },
			{ name: 'Enabled', value: 'enabled', description: 'Only accounts that can sign in; leaves out most shared mailboxes' },
		],
		default: 'any',
		description: 'Whether the account can sign in. Needs the permission User.Read.All.',
	},
	{
		displayName: 'Domain',
		name: 'domain',
		type: 'string',
		default: '',
		placeholder: 'e.g. example.com',
		description: 'Only users whose sign-in name or address is in this domain. Several: one per line, or separated by commas.',
	},
	{
		displayName: 'Exclude',
		name: 'exclude',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		placeholder: 'e.g. test-*@example.com',
		description: 'Users to leave out: addresses, names or IDs, one per line or separated by commas. * stands for any text, ? for one character.',
	},
	{
		displayName: 'Licence',
		name: 'licence',
		type: 'string',
		default: '',
		placeholder: 'e.g. any, or SPE_E3',
		description:
			'Only users with one of these licences: part numbers such as SPE_E3 or SKU IDs, separated by commas; "any" for any licence, "none" for users without one. Leaves out most shared mailboxes. Needs the permission User.Read.All, and LicenseAssignment.Read.All for part numbers.',
	},
	{
		displayName: 'Member of Group',
		name: 'group',
		type: 'string',
		default: '',
		placeholder: 'e.g. Backup',
		description:
			'Only members of this group, directly or through groups within it: its name, address or object ID. Several: one per line, or separated by commas. Needs the permission GroupMember.Read.All.',
	},
	{
		displayName: 'Name or Address',
		name: 'name',
		type: 'string',
		default: '',
		placeholder: 'e.g. sales-*@example.com',
		description: 'Only users whose whole name, sign-in name or address is like this. * stands for any text, ? for one character. Several: one per line, or separated by commas.',
	},
	{
		displayName: 'Name or Address Starts With',
		name: 'startsWith',
		type: 'string',
		default: '',
		placeholder: 'e.g. nathan',
		description: 'Only users whose name or address begins with this text',
	},
];

/** The filters as chosen. Failure invalid: a choice that there is not. */
export function readUserFilters(this: IExecuteFunctions, itemIndex: number): UsersWanted {
	const filter = (name: string): unknown => this.getNodeParameter(`filters.${name}`, itemIndex, '');
	const account = filter('account');
	const startsWith = filter('startsWith');
	return {
		startsWith: typeof startsWith === 'string' ? startsWith.trim() : '',
		names: textList(filter('name')),
		domains: textList(filter('domain')).map((domain) => domain.replace(/^\*?@/, '')),
		exclude: textList(filter('exclude')),
		groups: textList(filter('group')),
		licences: textList(filter('licence')),
		...enabledOf(account),
	};
}

function enabledOf(account: unknown): { enabled?: boolean } {
	switch (account) {
		case '':
		case 'any':
			return {};
		case 'enabled':
			return { enabled: true };
		case 'disabled':
			return { enabled: false };
		default:
			throw new Failure('invalid', `There is no sort of account ${JSON.stringify(account)}`, { nextStep: 'Choose Any, Disabled or Enabled.' });
	}
}
