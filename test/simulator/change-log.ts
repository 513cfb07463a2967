import type { MessageRecord } from './message';

/** What a log is about: counts up for each thing, and for each change of its place. */
export interface Logged {
	readonly sequence: number;
	readonly generation: number;
}

/** `full`: created, or anything but the read state changed. `returned`: came back into a folder that it had left. */
export type ChangeKind = 'created' | 'full' | 'readState' | 'removed' | 'returned';

interface LogEntry<T> {
	message: T;
	kind: ChangeKind;
	/** The move generation under which the message was (is) known in this folder. */
	generation: number;
}

/** Index of the latest log entry of each kind for one message. */
interface Traces {
	last: number;
	full: number;
	removed: number;
	returned: number;
	created: number;
}

export type ReportedChange<T = MessageRecord> =
	| { kind: 'removed'; message: T; generation: number }
	| { kind: 'full' | 'readState'; message: T; isNew: boolean };

export interface ChangePage<T = MessageRecord> {
	changes: ReportedChange<T>[];
	position: number;
	isLast: boolean;
}

/**
 * What happened to the messages (or contacts, events, tasks) of one folder since somebody first asked for its delta. A delta token is a position in
 * it; a page reads only the entries behind that position, each message once, where its latest entry stands.
 */
export class FolderChangeLog<T extends Logged = MessageRecord> {
	private readonly entries: LogEntry<T>[] = [];
	private readonly traces = new Map<number, Traces>();
	private readonly left = new Set<number>();
	private isObserved = false;

	/** Before the first token there is nobody to tell: nothing is kept but who has left. */
	observe(): number {
		this.isObserved = true;
		return this.entries.length;
	}

	append(message: T, kind: Exclude<ChangeKind, 'returned'>): void {
		const actual: ChangeKind = kind === 'created' && this.left.has(message.sequence) ? 'returned' : kind;
		if (kind === 'removed') this.left.add(message.sequence);
		if (!this.isObserved) return;
		const index = this.entries.length;
		this.entries.push({ message, kind: actual, generation: message.generation });
		const traces = this.traces.get(message.sequence) ?? { last: -1, full: -1, removed: -1, returned: -1, created: -1 };
		traces.last = index;
		if (actual === 'full') traces.full = index;
		if (actual === 'removed') traces.removed = index;
		if (actual === 'returned') traces.returned = index;
		if (actual === 'created') traces.created = index;
		this.traces.set(message.sequence, traces);
	}

	/**
	 * Up to `limit` changes from `position` on, in a round that began at `roundStart`.
	 *
	 * @param rules.immutable ids stay: a message that left and came back is `@removed` only, unless `reportsReturns`
	 */
	page(roundStart: number, position: number, limit: number, rules: { immutable: boolean; reportsReturns: boolean }): ChangePage<T> {
		const changes: ReportedChange<T>[] = [];
		let index = position;
		for (; index < this.entries.length && changes.length < limit; index++) {
			const entry = this.entries[index]!;
			const traces = this.traces.get(entry.message.sequence)!;
			const change = rules.immutable && !rules.reportsReturns ? immutableChange(entry, index, traces, roundStart) : plainChange(entry, index, traces, roundStart, rules.immutable);
			if (change) changes.push(change);
		}
		while (rules.immutable && index < this.entries.length && this.traces.get(this.entries[index]!.message.sequence)!.last !== index) index++;
		return { changes, position: index, isLast: index >= this.entries.length };
	}
}

function immutableChange<T>(entry: LogEntry<T>, index: number, traces: Traces, roundStart: number): ReportedChange<T> | undefined {
	if (index !== traces.last) return undefined;
	if (entry.kind === 'removed') return { kind: 'removed', message: entry.message, generation: entry.generation };
	if (entry.kind === 'returned') {
		return traces.removed >= roundStart ? { kind: 'removed', message: entry.message, generation: entry.generation } : undefined;
	}
	return living(entry, traces, roundStart);
}

/** With mutable ids the message that left and the one that came back are two: both are told. */
function plainChange<T>(entry: LogEntry<T>, index: number, traces: Traces, roundStart: number, immutable: boolean): ReportedChange<T> | undefined {
	if (entry.kind === 'removed') {
		if (immutable && index !== traces.last) return undefined;
		return { kind: 'removed', message: entry.message, generation: entry.generation };
	}
	return index === traces.last ? living(entry, traces, roundStart) : undefined;
}

function living<T>(entry: LogEntry<T>, traces: Traces, roundStart: number): ReportedChange<T> {
	const isNew = traces.created >= roundStart || traces.returned >= roundStart;
	const onlyRead = entry.kind === 'readState' && !isNew && traces.full < roundStart;
	return { kind: onlyRead ? 'readState' : 'full', message: entry.message, isNew };
}
