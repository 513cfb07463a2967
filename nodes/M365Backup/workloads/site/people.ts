import { isFailure, toFailure } from '../../base/failure';
import type { JsonObject, JsonValue } from '../../base/json';
import type { SiteRun, Web } from './site-run';
import { sitePath } from './graph-site';

/** Somebody whom a site knows, by the number under which person columns name him. */
export type Person = { name: string; email?: string; loginName?: string };

/** Some 300 bytes each. */
const PAGE_SIZE = 2000;

/**
 * The people of a site: its User Information List, read at most once a run, and only if an item that is to be stored
 * names somebody. Fields of single-person columns are numbers alone (`OwnerLookupId`), which mean nothing elsewhere.
 */
export class People {
	private reading: Promise<Map<string, Person>> | undefined;
	/** Why nobody could be named; for one warning. */
	refusal: string | undefined;

	constructor(
		private readonly run: SiteRun,
		private readonly web: Web,
		/** The list's id; undefined where the site did not show one. */
		private readonly listId: () => string | undefined,
	) {}

	/** Those of some lookup ids that the site knows, by id. */
	async named(ids: ReadonlySet<string>, signal: AbortSignal): Promise<Record<string, JsonValue>> {
		if (ids.size === 0) return {};
		this.reading ??= this.read(signal);
		const all = await this.reading;
		return Object.fromEntries([...ids].sort().flatMap((id) => (all.has(id) ? [[id, { ...all.get(id) }]] : [])));
	}

	private async read(signal: AbortSignal): Promise<Map<string, Person>> {
		const people = new Map<string, Person>();
		const listId = this.listId();
		if (listId === undefined) return people;
		const path = `${sitePath(this.web.siteId)}/lists/${listId}/items?$expand=fields($select=Title,EMail,Name)&$top=${PAGE_SIZE}`;
		try {
			for await (const page of this.run.graph.pages<{ id: string; fields?: JsonObject }>({ path, signal })) {
				for (const { id, fields } of page) people.set(id, personOf(fields ?? {}));
			}
		} catch (error) {
			const failure = toFailure(error);
			// A passing fault: items stored without names would never be read again, so that their list waits for the next run.
			if (isFailure(failure, 'cancelled', 'transient', 'throttled', 'quota')) throw failure;
			this.refusal = `The people of the site could not be read, so person columns hold their numbers alone: ${failure.title ?? failure.message}`;
		}
		return people;
	}
}

function personOf(fields: JsonObject): Person {
	const text = (name: string): string | undefined => (typeof fields[name] === 'string' && fields[name] !== '' ? fields[name] : undefined);
	const [email, loginName] = [text('EMail'), text('Name')];
	return { name: text('Title') ?? email ?? '', ...(email === undefined ? {} : { email }), ...(loginName === undefined ? {} : { loginName }) };
}
