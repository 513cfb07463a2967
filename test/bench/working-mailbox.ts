import { GeneratedMessage } from '../simulator/generated-message';
import type { Mailbox } from '../simulator/mailbox';
import type { MailFolder } from '../simulator/mail-folder';
import type { MessageRecord } from '../simulator/message';
import { SeededRandom } from '../simulator/seeded-random';

const SEED = 20_260_101;
const HOUR_MS = 3_600_000;
/** Most of what a user touches came lately. */
const RECENT = 300;

/** What became of a message: where another program's copy of it must go. */
export interface MessageChange {
	message: MessageRecord;
	kind: 'arrived' | 'marked' | 'moved' | 'gone';
}

/** A user who works in a mailbox full of messages of 1 to 60 KB, a seventh of them with attachments that cannot be compressed. */
export class WorkingMailbox {
	readonly folders: MailFolder[];
	private readonly living: MessageRecord[] = [];
	private readonly random = new SeededRandom(SEED);
	private serial = 0;

	constructor(
		readonly mailbox: Mailbox,
		private readonly size: { messages: number; folders: number },
	) {
		const { root } = mailbox;
		const all = (): MailFolder[] => [...mailbox.folders.values()].filter((folder) => folder.isBelow(root));
		for (let index = all().length; index < size.folders; index++) mailbox.addFolder(index % 2 === 0 ? 'inbox' : root, `Folder ${index}`);
		this.folders = all();
		const nowMs = mailbox.tenant.clock.nowMs();
		for (let index = 0; index < size.messages; index++) this.receive(this.folders[index % this.folders.length]!, nowMs - (size.messages - index) * HOUR_MS / 4);
	}

	/** Where a backup enumerates. */
	get messages(): Iterable<MessageRecord> {
		return this.living;
	}

	/** Ten changes: four messages come, three are read, one gets a category, one is filed, one is deleted for good. */
	workForAnHour(): MessageChange[] {
		const nowMs = this.mailbox.tenant.clock.nowMs();
		const inbox = this.mailbox.folder('inbox');
		const changes: MessageChange[] = [];
		for (let count = 0; count < 4; count++) changes.push({ message: this.receive(inbox, nowMs - count * 60_000), kind: 'arrived' });
		for (let count = 0; count < 3; count++) {
			const message = this.pick();
			this.mailbox.patch(message, { isRead: !message.isRead });
			changes.push({ message, kind: 'marked' });
		}
		const categorised = this.pick();
		this.mailbox.patch(categorised, { categories: categorised.categories.length > 0 ? [] : ['Red category'] });
		changes.push({ message: categorised, kind: 'marked' });
		const filed = this.pick();
		const others = this.folders.filter((folder) => folder !== filed.folder);
		this.mailbox.move(filed, this.random.pick(others));
		changes.push({ message: filed, kind: 'moved' });
		const place = this.random.below(this.living.length);
		const [deleted] = this.living.splice(place, 1) as [MessageRecord];
		this.mailbox.purge(deleted);
		changes.push({ message: deleted, kind: 'gone' });
		return changes;
	}

	private pick(): MessageRecord {
		const { length } = this.living;
		return this.living[this.random.chance(0.8) ? length - 1 - this.random.below(Math.min(RECENT, length)) : this.random.below(length)]!;
	}

	private receive(folder: MailFolder, atMs: number): MessageRecord {
		const { displayName, userPrincipalName } = this.mailbox.user;
		const sentMs = Math.floor(atMs / 1000) * 1000;
		const content = new GeneratedMessage(SEED, this.serial++, { name: displayName, address: userPrincipalName }, false, sentMs);
		const message = this.mailbox.add(folder, content, { sent: sentMs, received: sentMs, isRead: this.serial < this.size.messages });
		this.living.push(message);
		return message;
	}
}

/** Monday to Friday, from 9 to 17 o'clock: the hours in which something may have changed. */
export function isWorkingHour(at: Date): boolean {
	const day = at.getUTCDay();
	const hour = at.getUTCHours();
	return day >= 1 && day <= 5 && hour > 9 && hour <= 17;
}
