import type { FidelityRow } from '../restore/fidelity';

/** What is there stays unless the policy is Replace. */
export const SETTINGS_THERE = 'Rules and categories that are there stay as they are, unless the conflict policy is Replace; so do the mailbox settings, which are always there. Keep Both does as Skip: a setting is there once.';

/** Rules and categories that were made anew, and mailbox settings that were set back. */
export const RESTORED_SETTINGS: readonly FidelityRow[] = [
	{ property: 'Rules: name, conditions, exceptions, actions', result: 'equal', how: 'Folders that a rule moves or copies mail to are found by id, role or path. Where such a folder is not there, the rule comes back without that action, and the result says so.', graph: ['displayName', 'conditions', 'exceptions', 'actions'] },
	{ property: 'Rules: switched on', result: 'never', how: 'Every rule that is made anew or set back is switched off, so that nothing is forwarded, moved or deleted before somebody has looked at it.', graph: ['isEnabled'] },
	{ property: 'Rules: order', result: 'close', how: 'At their place; rules that are there already move down.', graph: ['sequence'] },
	{ property: 'Rules of other programs', result: 'never', how: 'Microsoft Graph cannot make rules that are marked as read-only. Export shows what they did.', graph: ['isReadOnly'] },
	{ property: 'Categories with their colours', result: 'equal', how: '', graph: ['displayName', 'color'] },
	{ property: 'Language, time zone, date and time format, working hours, meeting requests for delegates', result: 'equal', how: 'Only with the conflict policy Replace.', graph: ['language', 'timeZone', 'dateFormat', 'timeFormat', 'workingHours', 'delegateMeetingMessageDeliveryOptions'] },
	{ property: 'Automatic replies', result: 'never', how: 'Left out on purpose, so that a restore answers nobody. Export shows their text.', graph: ['automaticRepliesSetting'] },
	{ property: 'Signatures, delegates and permissions, Outlook\'s view and notification settings', result: 'never', how: 'Microsoft Graph does not give them: they are not in the backup.', graph: [] },
];
