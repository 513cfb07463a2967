import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { folderField } from '../../pickers/folder';
import { snapshotField } from '../../pickers/snapshot';
import { itemParts } from '../item-parts';
import { queryFields } from './query-fields';

/** Selections that work on one state of the source, or search. */
const ofSnapshot = ['everything', 'folder', 'ids', 'kind', 'search'];
/** Selections whose items say themselves which snapshot has them. */
const ofItems = ['item', 'inputItems'];

interface SelectionUse {
	/** `Restore What`. */
	displayName: string;
	/** Lower case, for descriptions: `restore`. */
	verb: string;
	options: INodePropertyOptions[];
	default: string;
}

/** Which items an operation is about, and from which snapshot; shared by Restore and Export. */
export function selectionFields(use: SelectionUse): INodeProperties[] {
	const values = use.options.map(({ value }) => String(value));
	const among = (wanted: readonly string[]): string[] => values.filter((value) => wanted.includes(value));
	const only = (...wanted: string[]): Pick<INodeProperties, 'displayOptions'> => ({ displayOptions: { show: { selection: wanted } } });
	return [
		// eslint-disable-next-line n8n-nodes-base/node-param-default-missing -- there is one, but handed in, which the rule cannot see
		{
			displayName: use.displayName,
			name: 'selection',
			type: 'options',
			options: use.options,
			default: use.default,
			description: `Which items to ${use.verb}`,
		},
		snapshotField({ forSearch: true, displayOptions: { show: { selection: among(ofSnapshot) } } }),
		{
			displayName: 'Snapshot ID',
			name: 'itemSnapshot',
			type: 'string',
			default: '={{ $json.snapshot }}',
			placeholder: 'e.g. 20261122T100000Z-9f3a',
			description: 'Snapshot that has the item, as Item: Get Many puts it out. If empty, the latest.',
			...only(...among(ofItems)),
		},
		folderField({
			name: 'folder',
			displayName: `Folder to ${use.verb.charAt(0).toUpperCase()}${use.verb.slice(1)}`,
			description: `The folder, calendar, task list, library or list to ${use.verb}`,
			required: true,
			...only('folder'),
		}),
		{
			displayName: 'Include Subfolders',
			name: 'includeSubfolders',
			type: 'boolean',
			default: true,
			description: `Whether to ${use.verb} the folders below it, too`,
			...only('folder'),
		},
		{
			displayName: 'Kinds',
			name: 'kinds',
			type: 'multiOptions',
			required: true,
			options: itemParts,
			default: [],
			description: `Which kinds of data to ${use.verb}, each as a whole`,
			...only('kind'),
		},
		{
			displayName: 'Item ID',
			name: 'itemId',
			type: 'string',
			required: true,
			default: '={{ $json.id }}',
			placeholder: 'e.g. mail/AAMkAGI2…',
			description: 'ID of the item that the input item stands for, as Item: Get Many puts it out',
			...only(...among(ofItems)),
		},
		...(values.includes('ids')
			? [
					{
						displayName: 'Item IDs',
						name: 'itemIds',
						type: 'string',
						required: true,
						default: '',
						placeholder: 'e.g. mail/AAMkAGI2…, calendar/AAMkAGI3…',
						description: 'Comma-separated list of up to 500 item IDs, as Item: Get Many puts them out',
						...only('ids'),
					} satisfies INodeProperties,
				]
			: []),
		...queryFields.map((field): INodeProperties => ({ ...field, ...only('search') })),
	];
}
