import type { ListingNews } from '../workloads/workload';

interface Listing {
	type: string;
	seen: Set<string>;
	finished: boolean;
	/** Not in any seen file yet. */
	unsaved: string[];
}

/** In a seen file, in an id's place: the listing began anew, what earlier lines of the parent say no longer holds. */
const BEGAN_ANEW = '*';
/** In an id's place, before the type: the listing is complete, but what it did not show has not been asked about yet. */
const FINISHED = '!';
/** A listing of everything, whatever it is. */
const ANY_TYPE = '*';

/**
 * Full enumerations that are going on: which ids each has shown so far. Absence is a question only after one error-free
 * enumeration from its first page to its end (DESIGN §3.4), which may take several runs: `seen` is then kept in files.
 */
export class Listings {
	private readonly byParent = new Map<string, Listing>();

	/** Takes up, line by line and in order, what earlier runs had seen of listings that go on. */
	resume(parent: string, id: string): void {
		const listing = this.byParent.get(parent) ?? { type: '', seen: new Set<string>(), finished: false, unsaved: [] };
		this.byParent.set(parent, listing);
		if (id === BEGAN_ANEW) {
			listing.seen.clear();
			listing.finished = false;
		} else if (id.startsWith(FINISHED)) {
			listing.type = id.slice(FINISHED.length);
			listing.finished = true;
		} else listing.seen.add(id);
	}

	take(news: ListingNews): void {
		if (news.state === 'abandoned') {
			this.byParent.delete(news.parent);
			return;
		}
		let listing = this.byParent.get(news.parent);
		if (!listing || news.state === 'restarted') {
			listing = { type: news.type, seen: new Set(), finished: false, unsaved: [BEGAN_ANEW] };
			this.byParent.set(news.parent, listing);
		}
		listing.type = news.type;
		for (const id of news.seen) {
			if (listing.seen.has(id)) continue;
			listing.seen.add(id);
			listing.unsaved.push(id);
		}
		if (news.state === 'finished' && !listing.finished) {
			listing.finished = true;
			listing.unsaved.push(`${FINISHED}${listing.type}`);
		}
	}

	get hasFinished(): boolean {
		return [...this.byParent.values()].some((listing) => listing.finished);
	}

	/** Whether a listing goes on in a later run, or waits there to be compared, so that what it has shown must be kept. */
	get goesOn(): boolean {
		return this.byParent.size > 0;
	}

	/** What a commit must add to the seen files, in order; forgets it. */
	*takeUnsaved(): Generator<[parent: string, ids: string[]]> {
		for (const [parent, listing] of this.byParent) {
			if (listing.unsaved.length > 0) yield [parent, listing.unsaved.splice(0)];
		}
	}

	/** Whether a finished listing of the item's parent, or of its whole scope, should have shown it, and did not. */
	isMissing(item: { id: string; type: string; parent?: string }): boolean {
		const listings = [item.parent, scopeOf(item.id)].map((parent) => (parent === undefined ? undefined : this.byParent.get(parent)));
		const finished = listings.filter((listing) => listing?.finished === true && isOfType(listing, item.type));
		return finished.length > 0 && finished.every((listing) => listing?.seen.has(item.id) === false);
	}

	forgetFinished(): void {
		for (const [parent, listing] of this.byParent) if (listing.finished) this.byParent.delete(parent);
	}
}

function isOfType(listing: Listing, type: string): boolean {
	return listing.type === ANY_TYPE || listing.type === type;
}

/** What stands before the slash. Ids of items always have one, so that a scope is never mistaken for a parent. */
function scopeOf(id: string): string | undefined {
	const slash = id.indexOf('/');
	return slash < 0 ? undefined : id.slice(0, slash);
}
