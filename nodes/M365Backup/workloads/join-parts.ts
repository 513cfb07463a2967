import type { Failure } from '../base/failure';
import { isFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { itemReason } from './item-reason';
import { scopeOf } from './scope-of';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, KnownItem, KnownItems, ScopeNews, Workload } from './workload';

/** A part as people and scopes know it. */
export interface PartName {
	/** What stands before the slash of all its ids, scopes and links; also the key of its notes. */
	readonly scope: string;
	/** In scopes and warnings. */
	readonly title: string;
}

/** One part of a source: a workload whose ids all begin with `<scope>/`. */
export interface Part extends Workload, PartName {}

export interface JoinOptions {
	/** Scopes of every part that earlier runs may have stored something of, also of those that are not backed up now. */
	known: (notes: Readonly<JsonObject>) => readonly string[];
	/** Parts that are not backed up: they are said to be excluded. */
	leftOut: readonly PartName[];
}

/** In the notes: parts whose catalog may hold items that their links know nothing of, until each was enumerated once. */
const DOUBTED_NOTE = 'doubtedParts';

/** What leaves the other parts as they are, if one cannot be read for it. Damage of the repository is none of it. */
const OF_ONE_PART = ['denied', 'transient', 'throttled', 'quota', 'notFound', 'conflict', 'invalid', 'expiredCursor'] as const;

/**
 * Parts as one workload, one after the other. While one is enumerated, further ones may be appended to `parts`: they
 * follow. A part that cannot be read as a whole leaves the others as they are; if none can, the last failure is thrown.
 */
export function joinParts(parts: readonly Part[], { known: knownScopes, leftOut }: JoinOptions): Workload {
	/** Notes of parts that are not backed up, or not reached by this run: they still hold. */
	const kept: JsonObject = {};
	const started = new Set<Part>();
	const doubted = new Set<string>();

	async function* enumerate(input: EnumerationInput): AsyncGenerator<ChangePage> {
		const { [DOUBTED_NOTE]: doubtedBefore, ...notes } = input.notes;
		Object.assign(kept, notes);
		for (const scope of input.isInDoubt === true ? knownScopes(notes) : []) doubted.add(scope);
		if (Array.isArray(doubtedBefore)) for (const scope of doubtedBefore) if (typeof scope === 'string') doubted.add(scope);
		yield { changes: [], scopes: leftOut.map(excluded) };
		let failedParts = 0;
		for (const part of parts) {
			try {
				yield* enumeratePart(part, { ...input, isInDoubt: input.isInDoubt === true || doubted.has(part.scope) });
				doubted.delete(part.scope);
			} catch (error) {
				// What it has made of a page that it never handed out must not count: its lines and links are not stored.
				started.delete(part);
				failedParts += 1;
				if (!isFailure(error, ...OF_ONE_PART) || failedParts === parts.length) throw error;
				yield { changes: [], scopes: [unreadable(part, error)] };
			}
		}
	}

	async function* enumeratePart(part: Part, input: EnumerationInput): AsyncGenerator<ChangePage> {
		for await (const page of part.enumerate({ ...input, retry: input.retry.filter((id) => scopeOf(id) === part.scope) })) {
			started.add(part);
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
			const notes: JsonObject = { ...kept, ...(doubted.size > 0 ? { [DOUBTED_NOTE]: [...doubted] } : {}) };
			for (const part of started) Object.assign(notes, part.notes());
			// A part that is gone has none any more.
			return Object.fromEntries(Object.entries(notes).filter(([, value]) => value !== null));
		},
	};
}

/** A part that cannot be read as a whole leaves the others as they are; what is stored of it stays. */
export function unreadable({ scope, title }: PartName, failure: Failure): ScopeNews {
	const reason = [`${title}: ${failure.message}`, failure.nextStep].filter((text) => text !== undefined).join('. ');
	return { id: scope, name: title, state: failure.kind === 'denied' ? 'denied' : 'stale', reason, andBelow: true };
}

function unanswered({ id, type, name, parent }: KnownItem, failure: Failure): Change {
	return { kind: 'failed', id, type, name, reason: itemReason(failure), failure, ...(parent === undefined ? {} : { parent }) };
}

export function excluded({ scope, title }: PartName): ScopeNews {
	return { id: scope, name: title, state: 'excluded', andBelow: true };
}

function byPart<T>(parts: readonly Part[], values: readonly T[], idOf: (value: T) => string): [Part, T[]][] {
	const byScope = new Map<string, T[]>();
	for (const value of values) {
		const scope = scopeOf(idOf(value));
		const own = byScope.get(scope);
		if (own) own.push(value);
		else byScope.set(scope, [value]);
	}
	return parts.flatMap((part): [Part, T[]][] => {
		const own = byScope.get(part.scope);
		return own ? [[part, own]] : [];
	});
}
