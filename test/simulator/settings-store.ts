import { GraphError } from './graph-error';
import type { Mailbox } from './mailbox';
import type { Json } from './message-json';

/** A rule of the inbox, as Graph shows it but for its id. */
export interface InboxRule {
	readonly number: number;
	displayName: string;
	sequence: number;
	isEnabled: boolean;
	hasError: boolean;
	/** Made by another program: the rules interface can neither change nor delete it. */
	isReadOnly: boolean;
	conditions: Json | null;
	actions: Json | null;
	exceptions: Json | null;
}

export interface MasterCategory {
	readonly id: string;
	/** Cannot be changed (outlookCategory: update takes the colour alone). */
	readonly displayName: string;
	color: string;
}

export type NewRule = Partial<Omit<InboxRule, 'number'>> & { displayName: string };

/** What `mailboxSettings` tells besides `archiveFolder` and `userPurpose`, which nobody can write. */
export interface SettingValues {
	automaticRepliesSetting: Json;
	dateFormat: string;
	timeFormat: string;
	timeZone: string;
	language: { locale: string; displayName: string };
	workingHours: Json;
	delegateMeetingMessageDeliveryOptions: string;
}

/** The rules, categories and settings of one mailbox, and the only place where they change. All synchronous, as a user's edits. */
export class SettingsStore {
	readonly categories: MasterCategory[] = [];
	readonly values: SettingValues;
	userPurpose: 'user' | 'linked' | 'shared' | 'room' | 'equipment' | 'others' = 'user';
	/** `MBX:…` of the in-place archive, which only the beta endpoint names; null if there is none. */
	inPlaceArchiveId: string | null = null;
	/** What requests for rules answer instead: shared and resource mailboxes have been seen to. */
	rulesRefusal: 403 | 404 | null = null;
	private readonly rules: InboxRule[] = [];
	private nextNumber = 1;

	constructor(private readonly mailbox: Mailbox) {
		const locale = mailbox.user.preferredLanguage ?? 'en-US';
		this.values = {
			automaticRepliesSetting: {
				status: 'disabled',
				externalAudience: 'none',
				scheduledStartDateTime: { dateTime: '2026-11-22T10:00:00.0000000', timeZone: 'UTC' },
				scheduledEndDateTime: { dateTime: '2026-11-23T10:00:00.0000000', timeZone: 'UTC' },
				internalReplyMessage: '',
				externalReplyMessage: '',
			},
			dateFormat: 'yyyy-MM-dd',
			timeFormat: 'HH:mm',
			timeZone: 'W. Europe Standard Time',
			language: { locale, displayName: locale },
			workingHours: {
				daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
				startTime: '08:00:00.0000000',
				endTime: '17:00:00.0000000',
				timeZone: { name: 'W. Europe Standard Time' },
			},
			delegateMeetingMessageDeliveryOptions: 'sendToDelegateOnly',
		};
	}

	/** In the order in which Exchange applies them. */
	sortedRules(): InboxRule[] {
		return [...this.rules].sort((a, b) => a.sequence - b.sequence || a.number - b.number);
	}

	/** Base64 with padding, as Graph's: it must be encoded in a path. */
	ruleId(rule: InboxRule): string {
		return Buffer.from(`inbox-rule\0${rule.number}`).toString('base64').padEnd(20, '=');
	}

	findRule(id: string): InboxRule | undefined {
		return this.rules.find((rule) => this.ruleId(rule) === id);
	}

	/** Last in the order unless it says where; later ones make room. */
	addRule(rule: NewRule): InboxRule {
		const last = Math.max(0, ...this.rules.map((one) => one.sequence));
		const sequence = rule.sequence ?? last + 1;
		if (this.rules.some((one) => one.sequence === sequence)) for (const one of this.rules) if (one.sequence >= sequence) one.sequence++;
		const added: InboxRule = {
			number: this.nextNumber++,
			isEnabled: true,
			hasError: false,
			isReadOnly: false,
			conditions: null,
			actions: null,
			exceptions: null,
			...rule,
			sequence,
		};
		this.rules.push(added);
		return added;
	}

	changeRule(rule: InboxRule, changes: Partial<Omit<InboxRule, 'number'>>): void {
		Object.assign(rule, changes);
	}

	deleteRule(rule: InboxRule): void {
		this.rules.splice(this.rules.indexOf(rule), 1);
	}

	category(displayName: string): MasterCategory | undefined {
		return this.categories.find((one) => one.displayName.toLowerCase() === displayName.toLowerCase());
	}

	/** @throws GraphError 409 if there is one of that name, in any case */
	addCategory(displayName: string, color = 'none'): MasterCategory {
		if (this.category(displayName)) throw new GraphError(409, 'ErrorCategoryNameDuplicate', 'A category with the specified name already exists.');
		const { tenant, user } = this.mailbox;
		const added = { id: tenant.guid(`category/${user.id}/${this.nextNumber++}`), displayName, color };
		this.categories.push(added);
		return added;
	}

	deleteCategory(category: MasterCategory): void {
		this.categories.splice(this.categories.indexOf(category), 1);
	}

	change(changes: Partial<SettingValues>): void {
		Object.assign(this.values, changes);
	}
}
