import type { IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { graphForPicker } from '../connect/graph';
import { listMailboxes } from '../graph/users';
import { fieldUse, mailboxNameModes, picked, type FieldUse } from './field';

export { findMailbox } from '../graph/users';

const pageLength = 100;

/** A mailbox of the tenant. */
export function mailboxField(use: FieldUse): INodeProperties {
	return {
		...fieldUse({ required: true, ...use }),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a mailbox…',
				typeOptions: {
					searchListMethod: 'searchMailboxes',
					searchable: true,
					slowLoadNotice: {
						message: 'If this takes long, choose By Address instead',
						timeout: 10_000,
					},
				},
			},
			...mailboxNameModes,
		],
	};
}

/** The list behind the field: users of the tenant, a page at a time. */
export async function searchMailboxes(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const graph = await graphForPicker.call(this);
	const page = await listMailboxes(graph, {
		limit: pageLength,
		...(filter ? { filter } : {}),
		...(paginationToken ? { nextLink: paginationToken } : {}),
	});
	return {
		results: page.mailboxes.map((user) => ({
			name: `${user.displayName} (${user.userPrincipalName})`,
			value: user.id,
		})),
		...(page.nextLink === undefined ? {} : { paginationToken: page.nextLink }),
	};
}

/** What a parameter names, by GUID or address, for `findMailbox`; null if it is empty. */
export function namedMailbox(this: IExecuteFunctions, parameter: string, itemIndex: number): string | null {
	const { value } = picked(this.getNodeParameter(parameter, itemIndex, ''));
	return value === '' ? null : value;
}

/** The same for a parameter that must not be empty: refused before anything is sent. Failure invalid. */
export function requireMailbox(this: IExecuteFunctions, parameter: string, itemIndex: number, shown: 'mailbox' | 'user' = 'mailbox'): string {
	const named = namedMailbox.call(this, parameter, itemIndex);
	if (named !== null) return named;
	throw new Failure('invalid', `No ${shown} was chosen`, {
		nextStep: 'Choose one from the list, or give its address, e.g. nathan@example.com.',
	});
}
