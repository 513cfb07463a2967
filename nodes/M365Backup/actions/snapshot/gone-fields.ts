import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { sourceExistence } from '../../connect/existence';
import type { GoneRule } from '../../engine/prune';

/**
 * What shows the Microsoft credential: it is hidden where this is false. n8n knows no "or" between the conditions of a
 * credential, so that operations of snapshots that never need it carry the field, too.
 */
const name = 'removeGone';

/** Of Prune: the one exception to keeping the newest complete snapshot. */
export const goneFields: INodeProperties[] = [
	{
		displayName: 'Remove Sources Gone for N Days',
		name,
		type: 'boolean',
		default: false,
		description:
			'Whether to remove all snapshots of mailboxes, drives and sites that no longer exist in Microsoft 365, held ones excepted. Only if Microsoft 365 says so, and another source of the tenant was backed up within 24 hours. Needs the Microsoft credential.',
	},
	{
		displayName: 'N Days',
		name: 'goneDays',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		required: true,
		default: 180,
		description: 'How many days no backup may have reached a source. A person counts from the deletion in Entra, which can be undone for 30 days; a deleted site can come back for 93.',
		displayOptions: { show: { [name]: [true] } },
	},
];

/** Of the other operations of snapshots, which never speak to Microsoft. */
export const withoutMicrosoft: INodeProperties = { displayName: 'Remove Gone', name, type: 'hidden', default: false };

/** The rule of the parameters; undefined where the option is off. Failure invalid: days that make no sense. */
export function readGone(this: IExecuteFunctions, itemIndex: number): GoneRule | undefined {
	const isOn: unknown = this.getNodeParameter(name, itemIndex, false);
	if (isOn !== true) return undefined;
	const days: unknown = this.getNodeParameter('goneDays', itemIndex, null);
	if (typeof days !== 'number' || !Number.isInteger(days) || days < 1) {
		throw new Failure('invalid', `N Days is ${JSON.stringify(days)}`, { nextStep: 'Set N Days to a whole number, 1 or more.' });
	}
	return { days, existence: sourceExistence.call(this, itemIndex) };
}
