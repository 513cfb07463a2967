import { fillContacts } from './contact-generate';
import { fillDrive } from './drive-generate';
import { fillCalendars } from './event-generate';
import { GeneratedMessage } from './generated-message';
import type { MailFolder } from './mail-folder';
import type { Mailbox, NewMessage } from './mailbox';
import { oddMessage, ODD_SORTS } from './odd-messages';
import { randomBytesOf, SeededRandom } from './seeded-random';
import { generateSites } from './site-generate';
import type { Tenant } from './tenant';
import { fillTodo } from './todo-generate';
import { base64Lines } from './mime-text';

const NAMES = ['Anna Berg', 'Bruno Costa', 'Chiara Neri', 'David Okafor', 'Emma Larsen', 'Farid Haddad'];
const FOLDERS = ['Projects', 'Customers', 'Invoices 2026', 'Größe & Maß', 'a/b', 'CON', '..', '日本', 'Newsletters', 'Travel'];
const CATEGORIES = ['Red category', 'Blue category', 'Kunde wichtig'];
const NEWEST_MS = Date.UTC(2026, 10, 20, 12);
const AVERAGE_GAP_MS = 37 * 60_000;

/** Users with mailboxes and mail, the same for the same seed. A message is a few numbers until somebody asks for it. */
export function generateTenant(tenant: Tenant, options: { users: number; messages: number; folders: number; contacts?: number; tasks?: number; events?: number; files?: number; sites?: number }): void {
	for (let n = 0; n < options.users; n++) {
		const { mailbox, drive } = tenant.addUser({ displayName: NAMES[n] ?? `User ${n + 1}` });
		fillMailbox(mailbox!, { ...options, seed: tenant.seed * 1009 + n });
		if (options.tasks) fillTodo(mailbox!, { tasks: options.tasks, seed: tenant.seed * 1009 + n });
		if (options.events) fillCalendars(mailbox!, { events: options.events, seed: tenant.seed * 1009 + n });
		if (options.files) fillDrive(drive!, { files: options.files, seed: tenant.seed * 1009 + n });
		if (options.contacts) fillContacts(mailbox!, { contacts: options.contacts, seed: tenant.seed * 1009 + n });
	}
	if (options.sites) generateSites(tenant, { sites: options.sites, seed: tenant.seed * 1009 });
}

/** Adds folders (nested, some of odd names) and messages (mostly plain, some of odd sorts) to a mailbox. */
export function fillMailbox(mailbox: Mailbox, options: { messages: number; folders: number; seed: number }): void {
	const random = new SeededRandom(options.seed);
	const folders = addFolders(mailbox, options.folders, random);
	const inbox = mailbox.folder('inbox');
	const sent = mailbox.folder('sentitems');
	const drafts = mailbox.folder('drafts');
	const others = ['archive', 'deleteditems', 'junkemail'].map((role) => mailbox.folder(role));
	const owner = { name: mailbox.user.displayName, address: mailbox.user.userPrincipalName };
	for (let index = 0; index < options.messages; index++) {
		const sentMs = Math.floor((NEWEST_MS - (options.messages - index) * AVERAGE_GAP_MS) / 1000) * 1000;
		const where = random.next();
		const folder = where < 0.3 ? inbox : where < 0.45 ? sent : where < 0.46 ? drafts : where < 0.55 || folders.length === 0 ? random.pick(others) : random.pick(folders);
		const isDraft = folder === drafts;
		const state: NewMessage = {
			isRead: isDraft || folder === sent || random.chance(0.8),
			isDraft,
			sent: sentMs,
			received: sentMs + (isDraft ? 0 : 2000),
			created: sentMs + 2000,
		};
		if (random.chance(0.08)) state.categories = [random.pick(CATEGORIES)];
		if (random.chance(0.05)) state.flag = random.chance(0.5) ? { flagStatus: 'flagged' } : flaggedUntil(sentMs);
		if (random.chance(0.1)) state.inference = 'other';
		mailbox.add(folder, new GeneratedMessage(options.seed, index, owner, folder === sent || isDraft, sentMs), state);
	}
}

function flaggedUntil(sentMs: number): NonNullable<NewMessage['flag']> {
	const at = (days: number): { dateTime: string; timeZone: string } => ({ dateTime: `${new Date(sentMs + days * 86_400_000).toISOString().slice(0, 10)}T00:00:00.0000000`, timeZone: 'UTC' });
	return { flagStatus: 'flagged', startDateTime: at(1), dueDateTime: at(3) };
}

function addFolders(mailbox: Mailbox, count: number, random: SeededRandom): MailFolder[] {
	const made: MailFolder[] = [];
	const inbox = mailbox.folder('inbox');
	for (let n = 0; n < count; n++) {
		const name = FOLDERS[n] ?? `Folder ${n + 1}`;
		const parent = made.length > 2 && random.chance(0.5) ? random.pick(made) : random.chance(0.7) ? inbox : mailbox.root;
		made.push(mailbox.addFolder(parent, name));
	}
	return made;
}

/**
 * One message of each odd sort (see `odd-messages.ts`), and one with a 20 MB attachment unless told otherwise; names
 * the folder it put them into.
 */
export function addVariety(mailbox: Mailbox, options: { folder?: MailFolder | string; seed?: number; large?: boolean } = {}): void {
	const folder = options.folder ?? mailbox.folder('inbox');
	const owner = { name: mailbox.user.displayName, address: mailbox.user.userPrincipalName };
	const seed = options.seed ?? 1;
	for (let sort = 0; sort < ODD_SORTS; sort++) {
		const envelope = { owner, messageId: `<variety.${seed}.${sort}@simulator.invalid>`, sentMs: NEWEST_MS + sort * 60_000 };
		mailbox.addMime(folder, oddMessage(sort, new SeededRandom(seed, sort), envelope), { isRead: sort % 2 === 0, sent: envelope.sentMs });
	}
	if (options.large ?? true) mailbox.addMime(folder, largeMessage(seed, owner.address));
}

function largeMessage(seed: number, to: string): Buffer {
	const bytes = randomBytesOf(new SeededRandom(seed, 20), 20 * 1024 * 1024);
	return Buffer.from(
		`From: <big@files.example>\r\nTo: <${to}>\r\nSubject: 20 MB attached\r\nDate: ${new Date(NEWEST_MS).toUTCString()}\r\nMessage-ID: <large.${seed}@simulator.invalid>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="big"\r\n\r\n--big\r\nContent-Type: text/plain\r\n\r\nBig one\r\n--big\r\nContent-Type: application/octet-stream; name="big.bin"\r\nContent-Disposition: attachment; filename="big.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(bytes)}\r\n--big--\r\n`,
	);
}
