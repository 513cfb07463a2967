import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

const tiered: IDisplayOptions = { show: { retention: ['tiered'] } };

/** One count of a tiered policy. */
function tier(displayName: string, name: string, description: string): INodeProperties {
	return { displayName, name, type: 'number', typeOptions: { minValue: -1, numberPrecision: 0 }, default: 0, description: `${description}. -1 keeps all.` };
}

/** How long to keep snapshots: a number of days, or so many of each kind. */
export const retentionFields: INodeProperties[] = [
	{
		displayName: 'Keep',
		name: 'retention',
		type: 'options',
		options: [
			{ name: 'A Number of Days', value: 'days', description: 'Every snapshot of the last days, and the state at their start' },
			{ name: 'Tiered', value: 'tiered', description: 'So many hourly, daily, weekly, monthly and yearly snapshots' },
		],
		default: 'days',
		description: 'Which snapshots to keep',
	},
	{
		displayName: 'Days',
		name: 'keepDays',
		type: 'number',
		typeOptions: { minValue: 0, numberPrecision: 0 },
		required: true,
		default: 30,
		description: 'How many days to keep, back from the newest complete snapshot. 0 keeps everything for ever.',
		displayOptions: { show: { retention: ['days'] } },
	},
	{
		displayName: 'Tiers',
		name: 'tiers',
		type: 'collection',
		placeholder: 'Add tier',
		default: { daily: 7, weekly: 4, monthly: 12 },
		description: 'Of each period the newest snapshot is kept. Without any tier, everything is kept.',
		displayOptions: tiered,
		options: [
			tier('Daily', 'daily', 'For how many days to keep the newest snapshot of each'),
			tier('Hourly', 'hourly', 'For how many hours to keep the newest snapshot of each'),
			tier('Last', 'last', 'How many of the newest snapshots to keep, whenever they were made'),
			tier('Monthly', 'monthly', 'For how many months to keep the newest snapshot of each'),
			tier('Weekly', 'weekly', 'For how many weeks to keep the newest snapshot of each'),
			{
				displayName: 'Within',
				name: 'within',
				type: 'string',
				default: '',
				placeholder: 'e.g. P14D',
				description: 'Keep every snapshot within this time of the newest one, as an ISO 8601 duration: P14D is 14 days, P1Y6M a year and a half',
			},
			tier('Yearly', 'yearly', 'For how many years to keep the newest snapshot of each'),
		],
	},
];
