import type { Part, PartName } from '../join-parts';
import { rootOf } from './site-run';

/**
 * A list, a library or the pages of a subsite that are confirmed to be gone: whatever is stored of them ends. The engine
 * finds it by a listing of the whole scope that shows nothing.
 */
export function gonePart({ scope, title }: PartName, links: readonly string[], onEnded: () => void): Part {
	return {
		scope,
		title,
		async *enumerate(input) {
			// An earlier run did it: the container is the last of its scope.
			const container = (await input.known.lookUp([rootOf(scope)])).get(rootOf(scope));
			if (!container) onEnded();
			yield {
				changes: [],
				links: Object.fromEntries(links.map((link) => [link, null])),
				listings: [
					// What a listing that an earlier run left had shown of it holds no more.
					{ parent: rootOf(scope), type: '*', state: 'abandoned', seen: [] },
					{ parent: scope, type: '*', state: 'restarted', seen: [] },
					{ parent: scope, type: '*', state: 'finished', seen: [] },
				],
			};
		},
		async *fetch() {
			yield* await Promise.resolve([]);
		},
		confirmMissing: (ids) => {
			if (ids.includes(rootOf(scope))) onEnded();
			return Promise.resolve(ids.map((id) => ({ kind: 'gone', id })));
		},
		notes: () => ({ [scope]: null }),
	};
}
