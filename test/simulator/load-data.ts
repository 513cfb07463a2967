import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadIcs } from './calendar-ics';
import type { CalendarRecord } from './calendar-record';
import type { MailFolder } from './mail-folder';
import type { Mailbox } from './mailbox';
import type { Tenant } from './tenant';

/** English names of well-known folders, for folders on disk that are called so. */
const ROLES: Record<string, string> = {
	inbox: 'inbox',
	'sent items': 'sentitems',
	sent: 'sentitems',
	drafts: 'drafts',
	'deleted items': 'deleteditems',
	archive: 'archive',
	'junk email': 'junkemail',
	outbox: 'outbox',
};

/**
 * Fills a mailbox from a folder on disk: its folders become mail folders, `.eml` files messages (those at the top: in
 * the inbox), `.ics` files events of a calendar with the folder's name (those at the top: of the default one), and
 * everything else files of the drive, in folders of the same names.
 */
export async function loadData(tenant: Tenant, dir: string): Promise<void> {
	const { mailbox } = tenant.addUser({ displayName: 'Anna Berg' });
	await loadFolder(mailbox!, mailbox!.root, dir, '');
}

async function loadFolder(mailbox: Mailbox, folder: MailFolder, dir: string, drivePath: string): Promise<void> {
	const isTop = drivePath === '';
	const entries = (await readdir(dir, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
	for (const entry of entries) {
		const path = join(dir, entry.name);
		if (entry.isDirectory()) {
			const role = isTop ? ROLES[entry.name.toLowerCase()] : undefined;
			const existing = [...folder.children].find((child) => child.displayName === entry.name);
			await loadFolder(mailbox, role ? mailbox.folder(role) : (existing ?? mailbox.addFolder(folder, entry.name)), path, `${drivePath}/${entry.name}`);
		} else if (entry.isFile() && /\.eml$/i.test(entry.name)) {
			mailbox.addMime(isTop ? mailbox.folder('inbox') : folder, await readFile(path), { isRead: true });
		} else if (entry.isFile() && /\.ics$/i.test(entry.name)) {
			loadIcs(mailbox, isTop ? mailbox.calendar.default : calendarNamed(mailbox, folder.displayName), await readFile(path, 'utf8'));
		} else if (entry.isFile()) {
			mailbox.user.drive!.addFile(drivePath, entry.name, await readFile(path), { modified: (await stat(path)).mtime });
		}
	}
}

function calendarNamed(mailbox: Mailbox, name: string): CalendarRecord {
	return [...mailbox.calendar.calendars.values()].find((calendar) => calendar.name === name) ?? mailbox.calendar.addCalendar(name);
}
