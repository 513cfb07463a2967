import type { Failure } from '../../base/failure';
import type { DeltaPage } from '../../graph/client';
import type { GraphListItem } from './graph-site';
import type { SiteRun } from './site-run';

/** Lists asked in one batch: their pages, of 500 items each at most, wait in memory for their turn. */
const AT_ONCE = 10;

/** The first delta pages of lists that have a link: where little has changed, a batch answers for ten of them. */
export class FirstPages {
	private readonly ready = new Map<string, { page?: DeltaPage<GraphListItem>; failure?: Failure }>();
	private readonly waiting: { scope: string; url: string }[] = [];

	constructor(private readonly run: SiteRun) {}

	add(scope: string, url: string): void {
		this.waiting.push({ scope, url });
	}

	/** Once for each list. Undefined: it is to be asked by itself. @throws Failure what the list answered */
	async take(scope: string, signal: AbortSignal): Promise<DeltaPage<GraphListItem> | undefined> {
		if (!this.ready.has(scope)) {
			const from = this.waiting.findIndex((one) => one.scope === scope);
			if (from < 0) return undefined;
			// A batch of one would save nothing.
			if (from === this.waiting.length - 1) {
				this.waiting.length = 0;
				return undefined;
			}
			const cursors = this.waiting.splice(0, from + AT_ONCE).slice(from).map(({ scope: id, url }) => ({ id, cursor: { kind: 'link' as const, url } }));
			for await (const { id, ...answer } of this.run.graph.deltaBatch<GraphListItem>(cursors, { signal })) this.ready.set(id, answer);
		}
		const answer = this.ready.get(scope);
		this.ready.delete(scope);
		if (answer?.failure) throw answer.failure;
		return answer?.page;
	}
}
