import type { ScopeRecord } from '../repository/records';
import type { ScopeNews } from '../workloads/workload';

/** The scopes of the snapshot to be: what the parent said, corrected by the run's news. The worst news of a run wins. */
export class ScopeStates {
	private readonly before: ReadonlyMap<string, ScopeRecord>;
	private readonly news = new Map<string, ScopeNews>();

	constructor(before: readonly ScopeRecord[]) {
		this.before = new Map(before.map((scope) => [scope.id, scope]));
	}

	take(news: ScopeNews): void {
		if (news.andBelow) this.takeBelow(news);
		else this.takeOne(news);
	}

	/** Known scopes below it, each under its own name; the reason is said once. Itself only if there are none. */
	private takeBelow({ andBelow: _andBelow, reason, ...news }: ScopeNews): void {
		const below = [...this.before.values()].filter((scope) => scope.id.startsWith(`${news.id}/`) || scope.id === news.id);
		if (below.length === 0) below.push({ id: news.id, name: news.name, asOf: null, state: 'excluded' });
		below.forEach(({ id, name }, index) => {
			this.takeOne({ ...news, id, name, ...(index === 0 && reason !== undefined ? { reason } : {}) });
		});
	}

	private takeOne(news: ScopeNews): void {
		const met = this.news.get(news.id);
		if (!met || (met.state === 'complete' && news.state !== 'complete')) this.news.set(news.id, news);
	}

	/**
	 * @param asOf The time whose state a completely read scope holds; null while the run is not through: then scopes keep
	 * their old time, and one that was never read completely is stale.
	 */
	records(asOf: string | null): ScopeRecord[] {
		const ids = new Set([...this.news.keys()]);
		const records: ScopeRecord[] = [];
		for (const id of ids) {
			const news = this.news.get(id);
			if (!news) continue;
			const before = this.before.get(id)?.asOf ?? null;
			const state = settledState(news.state, before, asOf);
			records.push({ id, name: news.name, asOf: state === 'complete' ? asOf : before, state });
		}
		// A scope nobody spoke of is as it was, unless the run went through: then it is no more.
		if (asOf === null) for (const [id, scope] of this.before) if (!ids.has(id)) records.push(scope);
		return records.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
	}

	warnings(): string[] {
		return [...this.news.values()].flatMap((news) => (news.state !== 'complete' && news.reason ? [news.reason] : []));
	}
}

/** What was refused from the start is no part of the backup; what once could be read is missed. */
function settledState(state: ScopeNews['state'], before: string | null, asOf: string | null): ScopeRecord['state'] {
	if (state === 'denied') return before === null ? 'excluded' : 'stale';
	return state === 'complete' && asOf === null ? 'stale' : state;
}

/** The same scopes in the same states; their times do not matter. */
export function sameScopes(a: readonly ScopeRecord[], b: readonly ScopeRecord[]): boolean {
	const key = (scopes: readonly ScopeRecord[]): string => JSON.stringify(scopes.map(({ id, name, state }) => [id, name, state]));
	return key(a) === key(b);
}
