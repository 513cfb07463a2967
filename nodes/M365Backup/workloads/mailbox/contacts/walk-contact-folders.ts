import type { Failure } from '../../../base/failure';
import { isFailure } from '../../../base/failure';
import type { BatchRequest, GraphClient } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import { isGone } from '../../is-gone';

export interface GraphContactFolder {
	id: string;
	displayName?: string | null;
	parentFolderId?: string | null;
}

export const CONTACT_FOLDER_SELECT = 'id,displayName,parentFolderId';
const PAGE_QUERY = `$select=${CONTACT_FOLDER_SELECT}&$top=250`;

export interface WalkInput {
	graph: GraphClient;
	/** `/users/<id>` */
	userPath: string;
	/** Folders known before: their children are asked for in the very first batch. */
	known: readonly string[];
	/** Graph id of the default folder, where it is known. */
	defaultId: string | null;
	/** Read the default folder itself, too: its name may have changed with the mailbox's language. */
	readDefault: boolean;
	signal?: AbortSignal;
}

export interface Walked {
	/** By Graph id, with the default folder where it could be told. */
	folders: Map<string, GraphContactFolder>;
	defaultId: string | null;
	/** Folders whose children could not be listed, and why: nobody can say that one of these is gone. */
	unreadable: Map<string, Failure>;
}

/**
 * All contact folders. `/contactFolders` is not recursive and omits the default folder (Graph's known issues), and what
 * the folder delta says of nested folders is documented nowhere, so that the lists are walked: one request a folder,
 * twenty to a batch.
 */
export async function walkContactFolders(input: WalkInput): Promise<Walked> {
	const walked: Walked = { folders: new Map(), defaultId: input.defaultId, unreadable: new Map() };
	const asked = new Set<string>();
	/** Listed folders by the one that they were listed below; '' for the top list. */
	const listed = new Map<string, GraphContactFolder[]>();
	let firstContact: string | undefined;
	const top: BatchRequest = { id: 'top', method: 'GET', path: `${input.userPath}/contactFolders?${PAGE_QUERY}` };
	const first: BatchRequest[] = [top];
	if (input.defaultId === null) first.push({ id: 'contact', method: 'GET', path: firstContactPath(input) });
	else if (input.readDefault) first.push({ id: 'default', method: 'GET', path: folderPath(input, input.defaultId) });

	const toAsk = (ids: Iterable<string>): BatchRequest[] =>
		[...ids].flatMap((id): BatchRequest[] => {
			// The default folder's children are what the top list shows.
			if (asked.has(id) || id === input.defaultId) return [];
			asked.add(id);
			return [{ id: `below ${id}`, method: 'GET', path: `${input.userPath}/contactFolders/${encodeURIComponent(id)}/childFolders?${PAGE_QUERY}` }];
		});
	for (let requests = [...first, ...toAsk(input.known)]; requests.length > 0; requests = toAsk(reachable(listed).keys())) {
		for await (const answer of input.graph.batch(requests, signalOf(input))) {
			const result = batchResult(answer);
			const parent = answer.id.startsWith('below ') ? answer.id.slice('below '.length) : undefined;
			if (!result.ok) {
				if (isFailure(result.failure, 'cancelled')) throw result.failure;
				// A mailbox that was made anew has another default folder.
				if (answer.id === 'default' && isGone(result.failure)) walked.defaultId = null;
				else if (parent === undefined) throw result.failure;
				if (parent !== undefined && !isFailure(result.failure, 'notFound')) walked.unreadable.set(parent, result.failure);
			} else if (answer.id === 'default') walked.folders.set(input.defaultId ?? '', result.body as GraphContactFolder);
			else if (answer.id === 'contact') firstContact = folderOfFirst(result.body as ContactPage);
			else listed.set(parent ?? '', await allPages(input, result.body as Page));
		}
	}
	for (const [id, folder] of reachable(listed)) walked.folders.set(id, folder);
	if (walked.defaultId === null) await findDefault(input, walked, input.defaultId === null ? firstContact : await findFirstContact(input));
	return walked;
}

interface Page {
	value?: GraphContactFolder[];
	'@odata.nextLink'?: string;
}

async function allPages(input: WalkInput, page: Page): Promise<GraphContactFolder[]> {
	const folders = [...(page.value ?? [])];
	const more = page['@odata.nextLink'];
	if (more === undefined) return folders;
	for await (const next of input.graph.pages<GraphContactFolder>({ path: more, ...signalOf(input) })) folders.push(...next);
	return folders;
}

/** What hangs below the top: a folder in Deleted Items still lists its children when it is asked. */
function reachable(listed: ReadonlyMap<string, readonly GraphContactFolder[]>): Map<string, GraphContactFolder> {
	const found = new Map<string, GraphContactFolder>();
	const parents = [''];
	for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
		for (const folder of listed.get(parent) ?? []) {
			if (found.has(folder.id)) continue;
			found.set(folder.id, folder);
			parents.push(folder.id);
		}
	}
	return found;
}

/**
 * The default folder is where the first contact of `/contacts` is; if there is none, what hangs at the top hangs below it
 * (user-post-contactfolders: "under the user's default contacts folder"); if there is nothing at all, its well-known name,
 * which clients use and no page documents. Whatever is no folder of the walk and answers as a contact folder is it. None of
 * them: there is nothing in it to back up, and the next run asks again.
 */
async function findDefault(input: WalkInput, walked: Walked, firstContact: string | undefined): Promise<void> {
	const parents = [...walked.folders.values()].map((folder) => folder.parentFolderId ?? undefined);
	const candidates = new Set([firstContact, ...parents].filter((id) => id !== undefined && !walked.folders.has(id)));
	for (const candidate of [...candidates, 'contacts']) {
		if (candidate === undefined) continue;
		try {
			const folder = await input.graph.json<GraphContactFolder>({ path: folderPath(input, candidate), ...signalOf(input) });
			walked.folders.set(folder.id, folder);
			walked.defaultId = folder.id;
			return;
		} catch (error) {
			if (!isFailure(error, 'notFound', 'invalid', 'denied')) throw error;
		}
	}
}

interface ContactPage {
	value?: { parentFolderId?: string }[];
}

function firstContactPath(input: WalkInput): string {
	return `${input.userPath}/contacts?$select=parentFolderId&$top=1`;
}

function folderOfFirst(page: ContactPage): string | undefined {
	return page.value?.[0]?.parentFolderId;
}

async function findFirstContact(input: WalkInput): Promise<string | undefined> {
	return folderOfFirst(await input.graph.json<ContactPage>({ path: firstContactPath(input), ...signalOf(input) }));
}

function folderPath(input: WalkInput, id: string): string {
	return `${input.userPath}/contactFolders/${encodeURIComponent(id)}?$select=${CONTACT_FOLDER_SELECT}`;
}

function signalOf({ signal }: WalkInput): { signal?: AbortSignal } {
	return signal ? { signal } : {};
}
