import type { Change, ChangePage, EnumerationInput, Fetched, Workload } from '../../../nodes/M365Backup/workloads/workload';
import { bytesOf } from '../repository/fixtures';

const FOLDER = 'mail/F';

interface Item {
	version: number;
	content: string;
}

/**
 * A mailbox with one folder, and a workload that reads it as Graph would be read: a listing of everything in pages, each
 * with a link to go on from, then changes since a link. What a backup must hold is what `contents` says.
 */
export class ModelMailbox {
	readonly items = new Map<string, Item>();
	/** Everything that an item ever was: a snapshot may hold nothing else. */
	readonly everHeld = new Map<string, Set<string>>();
	private readonly log: string[] = [];

	constructor(private readonly pageItems = 2) {}

	put(name: string, content: string): void {
		const id = `mail/${name}`;
		this.items.set(id, { version: this.log.length + 1, content });
		const held = this.everHeld.get(id) ?? new Set<string>();
		this.everHeld.set(id, held.add(content));
		this.log.push(id);
	}

	remove(name: string): void {
		this.items.delete(`mail/${name}`);
		this.log.push(`mail/${name}`);
	}

	contents(): Map<string, string> {
		return new Map([...this.items].map(([id, { content }]): [string, string] => [id, content]).sort(([a], [b]) => (a < b ? -1 : 1)));
	}

	workload(): Workload {
		return {
			enumerate: (input) => this.enumerate(input),
			fetch: (requests) => this.fetch(requests.map(({ id }) => id)),
			confirmMissing: (ids) => Promise.resolve(ids.map((id) => this.change(id))),
			notes: () => ({}),
		};
	}

	private async *enumerate({ links, known, isInDoubt }: EnumerationInput): AsyncGenerator<ChangePage> {
		const scopes: ChangePage['scopes'] = [{ id: 'mail', name: 'Mail', state: 'complete' }];
		const link = links[FOLDER];
		let position = link === undefined || link.startsWith('list:') ? undefined : Number(link);
		if (position === undefined || isInDoubt === true) {
			const [, after = '', start = String(this.log.length)] = /^list:(.*):(\d+)$/.exec(link ?? '') ?? [];
			const rest = [...this.items.keys()].sort().filter((id) => id > after);
			for (let from = 0; from === 0 || from < rest.length; from += this.pageItems) {
				const ids = rest.slice(from, from + this.pageItems);
				const found = await known.lookUp(ids);
				const isLast = from + this.pageItems >= rest.length;
				yield {
					changes: ids.filter((id) => found.get(id)?.etag !== String(this.items.get(id)?.version)).map((id) => this.change(id)),
					links: { [FOLDER]: isLast ? start : `list:${ids.at(-1) ?? ''}:${start}` },
					listings: [{ parent: FOLDER, type: 'message', state: isLast ? 'finished' : from === 0 && after === '' ? 'restarted' : 'going', seen: ids }],
					scopes,
				};
			}
			position = Number(start);
		}
		for (let from = position; from === position || from < this.log.length; from += this.pageItems) {
			const ids = [...new Set(this.log.slice(from, from + this.pageItems))];
			const found = await known.lookUp(ids);
			const changes = ids.map((id) => this.change(id)).filter(({ id, kind }) => (kind === 'gone' ? found.has(id) : found.get(id)?.etag !== String(this.items.get(id)?.version)));
			yield { changes, links: { [FOLDER]: String(Math.min(from + this.pageItems, this.log.length)) }, scopes };
		}
	}

	private change(id: string): Change {
		const item = this.items.get(id);
		if (!item) return { kind: 'gone', id };
		const etag = String(item.version);
		const fetch = { id, folderPath: ['F'], title: id.slice(5), extension: '.eml', version: etag, hints: {} };
		return { kind: 'item', id, type: 'message', parent: FOLDER, name: id, etag, meta: {}, fetch, isNew: true };
	}

	private async *fetch(ids: readonly string[]): AsyncGenerator<Fetched> {
		for (const id of ids) yield await Promise.resolve({ id, content: bytesOf(this.items.get(id)?.content ?? '') });
	}
}
