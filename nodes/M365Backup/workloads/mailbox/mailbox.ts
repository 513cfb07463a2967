import type { Failure } from '../../base/failure';
import { isFailure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import { itemReason } from '../item-reason';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, KnownItem, KnownItems, ScopeNews, Workload } from '../workload';
import { calendarPart } from './calendar/calendar';
import { contactsPart } from './contacts/contacts';
import { mailPart } from './mail';
import type { MailboxOptions } from './mailbox-options';
import type { MailboxPart, MailboxPartName } from './mailbox-part';
import { tasksPart } from './tasks/tasks';
import { MAILBOX_PARTS, PART_TITLES, partOf } from './mailbox-part';
import { settingsPart } from './settings/settings';

/** One mailbox as the engine drives it: its parts, one after the other. One instance serves one run. */
export function mailboxWorkload(options: MailboxOptions): Workload {
	const chosen = new Set<MailboxPartName>(options.content ?? MAILBOX_PARTS);
	return joinParts(MAILBOX_PARTS.filter((name) => chosen.has(name)).flatMap((name) => makePart(name, options) ?? []));
}

function makePart(name: MailboxPartName, options: MailboxOptions): MailboxPart | undefined {
	switch (name) {
		case 'calendar':
			return calendarPart(options);
		case 'contacts':
			return contactsPart(options);
		case 'mail':
			return mailPart(options);
		case 'settings':
			return settingsPart(options);
		case 'tasks':
			return tasksPart(options);
		default:
			return undefined;
	}
}

/** In the notes: parts whose catalog may hold items that their links know nothing of, until each was enumerated once. */
const DOUBTED_NOTE = 'doubtedParts';

/** What leaves the other parts as they are, if one cannot be read for it. Damage of the repository is none of it. */
const OF_ONE_PART = ['denied', 'transient', 'throttled', 'quota', 'notFound', 'conflict', 'invalid', 'expiredCursor'] as const;

/**
 * Parts as one workload. The small ones come first: a mailbox whose mail takes several runs has them from the start. A
 * part that cannot be read as a whole leaves the others as they are; if none can, the last failure is thrown.
 */
export function joinParts(parts: readonly MailboxPart[]): Workload {
	/** Notes of parts that are not backed up, or not reached by this run: they still hold. */
	const kept: JsonObject = {};
	const started = new Set<MailboxPartName>();
	const doubted = new Set<string>();

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const { [DOUBTED_NOTE]: doubtedBefore, ...notes } = input.notes;
		Object.assign(kept, notes);
		for (const name of input.isInDoubt === true ? MAILBOX_PARTS : []) doubted.add(name);
		if (Array.isArray(doubtedBefore)) for (const name of doubtedBefore) if (typeof name === 'string') doubted.add(name);
		yield { changes: [], scopes: MAILBOX_PARTS.filter((name) => !parts.some((part) => part.name === name)).map(leftOut) };
		let failedParts = 0;
		for (const part of parts) {
			try {
				yield* enumeratePart(part, { ...input, isInDoubt: doubted.has(part.name) });
				doubted.delete(part.name);
			} catch (error) {
				// What it has made of a page that it never handed out must not count: its lines and links are not stored.
				started.delete(part.name);
				failedParts += 1;
				if (!isFailure(error, ...OF_ONE_PART) || failedParts === parts.length) throw error;
				yield { changes: [], scopes: [unreadable(part.name, error)] };
			}
		}
	}

	async function* enumeratePart(part: MailboxPart, input: EnumerationInput): AsyncGenerator<ChangePage> {
		for await (const page of part.enumerate({ ...input, retry: input.retry.filter((id) => partOf(id) === part.name) })) {
			started.add(part.name);
			yield page;
			Object.assign(kept, part.notes());
		}
	}

	return {
		enumerate,
		async *fetch(requests: readonly ContentRequest[], signal: AbortSignal): AsyncGenerator<Fetched> {
			for (const [part, own] of byPart(parts, requests, (request) => request.id)) yield* part.fetch(own, signal);
		},
		async confirmMissing(ids: readonly string[], known: KnownItems, signal: AbortSignal): Promise<Change[]> {
			const changes: Change[] = [];
			for (const [part, own] of byPart(parts, ids, (id) => id)) {
				try {
					changes.push(...(await part.confirmMissing(own, known, signal)));
				} catch (error) {
					// The others are asked about all the same, and these again in the next run.
					if (!isFailure(error, 'transient', 'throttled', 'quota')) throw error;
					changes.push(...[...(await known.lookUp(own)).values()].map((item) => unanswered(item, error)));
				}
			}
			return changes;
		},
		notes(): JsonObject {
			const notes = { ...kept, ...(doubted.size > 0 ? { [DOUBTED_NOTE]: [...doubted] } : {}) };
			for (const part of parts) if (started.has(part.name)) Object.assign(notes, part.notes());
			return notes;
		},
	};
}

/** A part that cannot be read as a whole leaves the others as they are; what is stored of it stays. */
function unreadable(name: MailboxPartName, failure: Failure): ScopeNews {
	const reason = [`${PART_TITLES[name]}: ${failure.message}`, failure.nextStep].filter((text) => text !== undefined).join('. ');
	return { id: name, name: PART_TITLES[name], state: failure.kind === 'denied' ? 'denied' : 'stale', reason, andBelow: true };
}

function unanswered({ id, type, name, parent }: KnownItem, failure: Failure): Change {
	return { kind: 'failed', id, type, name, reason: itemReason(failure), failure, ...(parent === undefined ? {} : { parent }) };
}

function leftOut(name: MailboxPartName): ScopeNews {
	return { id: name, name: PART_TITLES[name], state: 'excluded', andBelow: true };
}

function byPart<T>(parts: readonly MailboxPart[], values: readonly T[], idOf: (value: T) => string): [MailboxPart, T[]][] {
	return parts.flatMap((part): [MailboxPart, T[]][] => {
		const own = values.filter((value) => partOf(idOf(value)) === part.name);
		return own.length === 0 ? [] : [[part, own]];
	});
}
