import type { RestorableFolder, RestorableItem, RestoreOutcome, Restorer, RestoreRequest } from '../restorer';
import { calendarRestorer } from './calendar/restore-calendar';
import { contactsRestorer } from './contacts/restore-contacts';
import type { MailboxPartName } from './mailbox-part';
import { MAILBOX_PARTS, partOf } from './mailbox-part';
import type { MailboxRestorerOptions } from './mailbox-options';
import { mailRestorer } from './restore-mail';
import { settingsRestorer } from './settings/restore-settings';
import { tasksRestorer } from './tasks/restore-tasks';

/** Gives one mailbox back whatever a snapshot has of it: each part by its own restorer. */
export function mailboxRestorer(options: MailboxRestorerOptions): Restorer {
	return joinRestorers({ calendar: calendarRestorer(options), contacts: contactsRestorer(options), mail: mailRestorer(options), settings: settingsRestorer(options), tasks: tasksRestorer(options) });
}

/** Restorers of a mailbox's parts as one. Items come sorted by id, so that those of a part come together. */
export function joinRestorers(restorers: Partial<Record<MailboxPartName, Restorer>>): Restorer {
	const types = [...new Set(Object.values(restorers).flatMap((restorer) => restorer.types))];
	return {
		types,
		async *restore(request: RestoreRequest): AsyncGenerator<RestoreOutcome> {
			const waiting = new Set(MAILBOX_PARTS.filter((name) => foldersOf(request, name).selectedFolders.size > 0));
			for await (const { part, items } of runsOfOnePart(request.items)) {
				const restorer = part && restorers[part];
				if (!restorer) {
					for await (const item of items) yield unknownPart(item);
					continue;
				}
				const own = foldersOf(request, part);
				const selectedFolders = waiting.delete(part) ? own.selectedFolders : new Set<string>();
				// Rules name folders of the mail.
				const folders = part === 'settings' ? request.folders : own.folders;
				yield* restorer.restore({ ...request, folders, selectedFolders, items });
			}
			for (const part of waiting) {
				const restorer = restorers[part];
				if (restorer) yield* restorer.restore({ ...request, ...foldersOf(request, part), items: noItems() });
			}
		},
	};
}

function foldersOf(request: RestoreRequest, part: MailboxPartName): { folders: Map<string, RestorableFolder>; selectedFolders: Set<string> } {
	return {
		folders: new Map([...request.folders].filter(([id]) => partOf(id) === part)),
		selectedFolders: new Set([...request.selectedFolders].filter((id) => partOf(id) === part)),
	};
}

interface PartRun {
	part: MailboxPartName | undefined;
	/** To be read to its end, or given up, before the next run is asked for. */
	items: AsyncIterable<RestorableItem>;
}

/** Cuts a stream wherever the part changes, without holding more than one item. */
async function* runsOfOnePart(items: AsyncIterable<RestorableItem>): AsyncGenerator<PartRun> {
	const iterator = items[Symbol.asyncIterator]();
	let next = await iterator.next();
	const itemsOf = async function* (part: MailboxPartName | undefined): AsyncGenerator<RestorableItem> {
		while (!next.done && partOf(next.value.id) === part) {
			const item = next.value;
			next = await iterator.next();
			yield item;
		}
	};
	try {
		while (!next.done) {
			const part = partOf(next.value.id);
			const run = itemsOf(part);
			yield { part, items: run };
			// What a restorer did not take.
			for await (const _rest of run);
		}
	} finally {
		await iterator.return?.();
	}
}

async function* noItems(): AsyncGenerator<RestorableItem> {
	yield* await Promise.resolve([]);
}

function unknownPart(item: RestorableItem): RestoreOutcome {
	const { id, type, name, parent } = item;
	return {
		id,
		type,
		name,
		...(parent === undefined ? {} : { parent }),
		outcome: 'failed',
		targetPath: [],
		reason: `Items of type ${type} cannot be restored`,
		nextStep: 'Export it instead (Item: Export).',
		kind: 'invalid',
		fidelity: [],
	};
}
