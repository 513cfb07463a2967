import { joinRestorers } from '../join-restorers';
import type { Restorer } from '../restorer';
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
	const restorers: Readonly<Record<MailboxPartName, Restorer>> = {
		calendar: calendarRestorer(options),
		contacts: contactsRestorer(options),
		mail: mailRestorer(options),
		settings: settingsRestorer(options),
		tasks: tasksRestorer(options),
	};
	return joinRestorers({
		types: [...new Set(Object.values(restorers).flatMap((restorer) => restorer.types))],
		partOf,
		restorerOf: (part) => restorers[part],
		order: MAILBOX_PARTS,
		// Rules name folders of the mail.
		seesAllFolders: (part) => part === 'settings',
	});
}
