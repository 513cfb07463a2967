import type { FidelityRow } from '../restore/fidelity';

/** A task that is still in its list. */
export const TASK_IN_PLACE = 'Tasks that are still in their list stay as they are or, with Replace, are set back to what the backup holds. One that was moved to another list since is made anew in the old one: To Do gives it another id there.';

/** A task that had to be made anew. To Do keeps no deleted tasks where Microsoft Graph could find them. */
export const REBUILT_TASK: readonly FidelityRow[] = [
	{ property: 'List', result: 'equal', how: 'Lists that are gone are made anew. The default list is the default list in every mailbox.', graph: [] },
	{ property: 'Title, notes', result: 'equal', how: '', graph: ['title', 'body'] },
	{ property: 'Status, importance', result: 'equal', how: '', graph: ['status', 'importance'] },
	{ property: 'Due and start dates', result: 'equal', how: '', graph: ['dueDateTime', 'startDateTime'] },
	{ property: 'Day of completion', result: 'close', how: 'Where Microsoft 365 takes it; otherwise the day of the restore, and the result says so.', graph: ['completedDateTime'] },
	{ property: 'Repetition', result: 'close', how: 'On open tasks. A completed task comes back without it: completing one that repeats makes the next one.', graph: ['recurrence'] },
	{ property: 'Reminder', result: 'close', how: 'If it is still to come; one in the past would ring at once and is left out.', graph: ['isReminderOn', 'reminderDateTime'] },
	{ property: 'Categories', result: 'equal', how: 'Their colours belong to the mailbox, not to the task.', graph: ['categories'] },
	{ property: 'Steps, ticked or not', result: 'equal', how: '', graph: ['checklistItems'] },
	{ property: 'Links to where the task came from', result: 'equal', how: '', graph: ['linkedResources'] },
	{ property: 'Attached files', result: 'equal', how: 'Beyond 3 MB where Microsoft 365 lets applications upload them; otherwise the result names those that are missing.', graph: ['attachments', 'hasAttachments'] },
	{ property: 'Data of applications (open extensions)', result: 'equal', how: 'Where Microsoft 365 takes them.', graph: ['extensions'] },
	{ property: 'Ids, created and modified times', result: 'never', how: 'To Do gives a rebuilt task its own.', graph: ['id', 'createdDateTime', 'lastModifiedDateTime', 'bodyLastModifiedDateTime'] },
	{ property: 'My Day, order of tasks, groups of lists, assignments, who a list is shared with', result: 'never', how: 'Microsoft Graph does not show them.', graph: [] },
];

/** What a result says about a task that did not come back as it was. */
export const TASK_NOTES = {
	pastReminder: 'Its reminder was in the past and was left out, so that it does not ring now.',
	noRepetition: 'It was completed: it is back without its repetition, which would have made another task.',
	completedOn: (day: string): string => `To Do kept its own day of completion, ${day}.`,
	completionRefused: 'Microsoft Graph did not take its day of completion: it counts as completed on the day of the restore.',
	repetitionRefused: 'Microsoft Graph did not take its repetition: it is back without.',
	fileRefused: (name: string, why: string): string => `The attached file ${name} could not be added (${why}). Export gives the file.`,
	fileMissing: (name: string): string => `The backup holds no content of the attached file ${name}.`,
	extensionsRefused: 'Microsoft Graph did not take the data that an application had put there (open extensions).',
	filesStay: 'Files that were attached since the backup stay.',
} as const;
