import { createHash } from 'node:crypto';
import { textOf, type GraphTask } from '../graph-task';

/**
 * What makes two tasks the same task to their user. To Do has no place for a marker that applications may write for
 * certain, so that a restore knows again what it made by these fields, counted (DESIGN §6). Left out is what the service
 * or the restore itself changes: times of creation and completion, reminders, the repetition (lists do not show it).
 */
export function fingerprint(task: GraphTask): string {
	const fields = [
		(task.title ?? '').trim(),
		textOf(task.body),
		task.status ?? 'notStarted',
		task.importance ?? 'normal',
		[...(task.categories ?? [])].sort(),
		task.dueDateTime?.dateTime.slice(0, 10) ?? null,
		task.startDateTime?.dateTime.slice(0, 10) ?? null,
	];
	return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

/** How what hangs on one task compares with what hangs on another. */
export type Likeness = 'equal' | 'less' | 'more' | 'other';

/** Steps and links as texts, each as often as it is there. */
export function detailKeys(task: Pick<GraphTask, 'checklistItems' | 'linkedResources'>): string[] {
	const steps = (task.checklistItems ?? []).map(stepKey);
	return [...steps, ...(task.linkedResources ?? []).map(linkKey)].sort();
}

export function stepKey(step: { displayName?: string | null }): string {
	return `step ${step.displayName ?? ''}`;
}

export function linkKey(link: { webUrl?: string | null; applicationName?: string | null; displayName?: string | null; externalId?: string | null }): string {
	return `link ${JSON.stringify([link.webUrl ?? '', link.applicationName ?? '', link.displayName ?? '', link.externalId ?? ''])}`;
}

/** What `there` is, held against what is `wanted`. */
export function likeness(there: readonly string[], wanted: readonly string[]): Likeness {
	const lacking = without(wanted, there).length;
	const extra = without(there, wanted).length;
	if (lacking === 0) return extra === 0 ? 'equal' : 'more';
	return extra === 0 ? 'less' : 'other';
}

/** `all` less `some`, counted. */
export function without(all: readonly string[], some: readonly string[]): string[] {
	const counts = new Map<string, number>();
	for (const one of some) counts.set(one, (counts.get(one) ?? 0) + 1);
	return all.filter((one) => {
		const count = counts.get(one) ?? 0;
		if (count > 0) counts.set(one, count - 1);
		return count === 0;
	});
}
