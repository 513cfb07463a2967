import type { Failure } from '../../../base/failure';
import type { RestoreOutcome } from '../../restorer';
import { isUnderscored, type Column, type ColumnKind } from './column';
import { Lookups } from './lookups';
import { People } from './people';
import type { SiteRestoreContext } from './site-restore-context';
import type { TargetLists } from './target-lists';
import type { TargetSite, TargetSites } from './target-sites';

/** What the lists, pages and libraries of one restore share. */
export class SiteWork {
	readonly lookups: Lookups;
	/** Kinds of columns whose values Graph has refused to write, in any list: it refuses them all. */
	readonly refusedKinds = new Set<ColumnKind>();
	/** Kinds that it has taken at least once. */
	readonly takenKinds = new Set<ColumnKind>();
	/** What Graph said to the first value of a column whose name begins with an underscore. */
	underscored: 'taken' | 'refused' | undefined;
	/** Lookups to items of lists that come later, and with them the outcomes, by scoped id. */
	private readonly late = new Map<string, () => Promise<RestoreOutcome>>();
	private readonly people = new Map<string, People>();
	private readonly refusals = new Map<string, Failure>();

	constructor(
		readonly context: SiteRestoreContext,
		readonly sites: TargetSites,
		readonly lists: TargetLists,
	) {
		this.lookups = new Lookups(context);
	}

	/** Whether it is known that Graph takes no values of this column. */
	isRefused(column: Pick<Column, 'name' | 'kind'>): boolean {
		return this.refusedKinds.has(column.kind) || (this.underscored === 'refused' && isUnderscored(column));
	}

	/** @param finish sets what waited, and says what became of the item */
	later(scopedId: string, finish: () => Promise<RestoreOutcome>): void {
		this.late.set(scopedId, finish);
	}

	isLate(scopedId: string): boolean {
		return this.late.has(scopedId);
	}

	takeLate(): (() => Promise<RestoreOutcome>)[] {
		const all = [...this.late.values()];
		this.late.clear();
		return all;
	}

	peopleOf(site: TargetSite): People {
		const known = this.people.get(site.id) ?? new People(this.context, site.id, site.sourceId, site.isOriginal);
		this.people.set(site.id, known);
		return known;
	}

	/**
	 * What refuses to be written to refuses everything: nothing more is tried there. A locked site does so as a whole.
	 *
	 * @param place id of a list, or `pages`
	 */
	refuse(siteId: string, place: string, failure: Failure): void {
		if (failure.kind !== 'denied' && failure.status !== 423) return;
		const isLocked = failure.status === 423 || /^(notAllowed|resourceLocked)$/i.test(failure.code ?? '');
		this.refusals.set(isLocked ? siteId : `${siteId}/${place}`, failure);
	}

	refusal(siteId: string, place: string): Failure | undefined {
		return this.refusals.get(siteId) ?? this.refusals.get(`${siteId}/${place}`);
	}
}
