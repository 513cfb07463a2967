import { isFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { GraphFolder } from '../graph-folder';
import { FOLDER_SELECT, ROOT_ROLE } from '../graph-folder';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

const BIN_ROLE = 'deleteditems';
/** Deeper than Exchange allows: a ring. */
const DEEPEST = 310;

/** The folders that a mailbox has now, read as they are needed, each once. */
export class FolderListing {
	private readonly known = new Map<string, GraphFolder | null>();
	private readonly roles = new Map<string, Promise<GraphFolder | null>>();
	private readonly childrenOf = new Map<string, Promise<GraphFolder[]>>();

	constructor(private readonly context: RestoreContext) {}

	async rootId(): Promise<string> {
		return (await this.role(ROOT_ROLE))?.id ?? ROOT_ROLE;
	}

	/** The folder of a well-known name (`inbox`), or null if this mailbox has none. */
	role(role: string): Promise<GraphFolder | null> {
		const asked = this.roles.get(role) ?? this.read(role);
		this.roles.set(role, asked);
		asked.catch(() => this.roles.delete(role));
		return asked;
	}

	/** The folder of that id, or null if it is gone. */
	async get(graphId: string): Promise<GraphFolder | null> {
		const known = this.known.get(graphId);
		if (known !== undefined) return known;
		const read = await this.read(graphId);
		this.known.set(graphId, read);
		return read;
	}

	async prefetch(graphIds: readonly string[]): Promise<void> {
		const requests: BatchRequest[] = graphIds
			.filter((id) => !this.known.has(id))
			.map((id) => ({ id, method: 'GET', path: this.pathTo(id) }));
		if (requests.length === 0) return;
		for await (const answer of this.context.graph.batch(requests, signalOf(this.context))) {
			const result = batchResult(answer);
			if (result.ok) this.known.set(answer.id, result.body as GraphFolder);
			else if (isFailure(result.failure, 'notFound')) this.known.set(answer.id, null);
			else if (isFailure(result.failure, 'cancelled')) throw result.failure;
			// Anything else is asked again, and said, by whoever needs this folder.
		}
	}

	/** Display names from the top, or null if it does not hang below the mailbox's top folder (Recoverable Items). */
	async path(graphId: string): Promise<{ names: string[]; isInBin: boolean } | null> {
		const root = await this.rootId();
		const bin = (await this.role(BIN_ROLE))?.id;
		const names: string[] = [];
		let isInBin = false;
		let at = graphId;
		for (let depth = 0; depth < DEEPEST; depth += 1) {
			if (at === root) return { names, isInBin };
			const folder = await this.get(at);
			if (!folder) return null;
			names.unshift(folder.displayName ?? '');
			if (at === bin && at !== graphId) isInBin = true;
			if (!folder.parentFolderId || folder.parentFolderId === at) return null;
			at = folder.parentFolderId;
		}
		return null;
	}

	/** The child of that name: by its exact spelling, else as Exchange compares names, without case. */
	async child(parentId: string, name: string, options: { anew?: boolean } = {}): Promise<GraphFolder | undefined> {
		if (options.anew) this.childrenOf.delete(parentId);
		const asked = this.childrenOf.get(parentId) ?? this.readChildren(parentId);
		this.childrenOf.set(parentId, asked);
		asked.catch(() => this.childrenOf.delete(parentId));
		const children = await asked;
		const folded = name.normalize('NFC').toLowerCase();
		return (
			children.find((one) => one.displayName === name) ??
			children.find((one) => (one.displayName ?? '').normalize('NFC').toLowerCase() === folded)
		);
	}

	added(parentId: string, folder: GraphFolder): void {
		this.known.set(folder.id, { ...folder, parentFolderId: parentId });
		const children = this.childrenOf.get(parentId) ?? Promise.resolve([]);
		this.childrenOf.set(parentId, children.then((list) => (list.some((one) => one.id === folder.id) ? list : [...list, folder])));
		this.childrenOf.set(folder.id, Promise.resolve([]));
	}

	moved(graphId: string, parentId: string): void {
		const folder = this.known.get(graphId);
		if (!folder) return;
		this.known.set(graphId, { ...folder, parentFolderId: parentId });
		this.childrenOf.clear();
	}

	private pathTo(idOrRole: string): string {
		return `${this.context.userPath}/mailFolders/${encodeURIComponent(idOrRole)}?$select=${FOLDER_SELECT}`;
	}

	private async read(idOrRole: string): Promise<GraphFolder | null> {
		try {
			const folder = await this.context.graph.json<GraphFolder>({ path: this.pathTo(idOrRole), ...signalOf(this.context) });
			this.known.set(folder.id, folder);
			return folder;
		} catch (error) {
			if (!isFailure(error, 'notFound')) throw error;
			// No mailbox at all is no missing folder.
			if (/mailboxnot|invaliduser|nonexistentmailbox|resourcenotfound/i.test(error.code ?? '')) throw error;
			return null;
		}
	}

	private async readChildren(parentId: string): Promise<GraphFolder[]> {
		const children = new Map<string, GraphFolder>();
		const path =
			`${this.context.userPath}/mailFolders/${encodeURIComponent(parentId)}/childFolders` +
			`?includeHiddenFolders=true&$top=250&$select=${FOLDER_SELECT}`;
		for await (const page of this.context.graph.pages<GraphFolder>({ path, ...signalOf(this.context) })) {
			for (const folder of page) children.set(folder.id, folder);
		}
		return [...children.values()];
	}
}
