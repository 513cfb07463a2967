import { isFailure } from '../../base/failure';
import type { GraphFolder } from './graph-folder';
import { FOLDER_SELECT, RECOVERABLE_ROOT_ROLE } from './graph-folder';
import type { MailContext } from './mail-context';

/** Deeper than Exchange allows: a ring. */
const DEEPEST = 310;

/**
 * The folders of Recoverable Items, as if they stood at the top of the mailbox, hidden, the well-known ones with their
 * roles. That the top and its children answer is documented nowhere; where they do not, the one documented folder,
 * Deletions, stands alone.
 *
 * @param outside Role → folder, as far as this mailbox gave them.
 */
export async function recoverableFolders(
	context: MailContext,
	outside: ReadonlyMap<string, GraphFolder>,
	signal: AbortSignal,
): Promise<(GraphFolder & { role?: string })[]> {
	const roleOf = new Map([...outside].map(([role, { id }]) => [id, role]));
	const known = (folder: GraphFolder, parentFolderId: string): GraphFolder & { role?: string } => {
		const role = roleOf.get(folder.id);
		return { ...folder, parentFolderId, isHidden: true, ...(role === undefined ? {} : { role }) };
	};
	const top = outside.get(RECOVERABLE_ROOT_ROLE);
	const below = top === undefined ? undefined : await childrenOf(context, top.id, signal);
	if (top === undefined || below === undefined) {
		return [...outside.values()].filter((folder) => folder !== top).map((folder) => known(folder, context.tree.rootId));
	}
	const found = [known(top, context.tree.rootId)];
	let level = below.map((folder) => known(folder, top.id));
	for (let depth = 0; level.length > 0 && depth < DEEPEST; depth += 1) {
		found.push(...level);
		const next: typeof level = [];
		for (const folder of level) {
			if ((folder.childFolderCount ?? 0) === 0) continue;
			for (const child of (await childrenOf(context, folder.id, signal)) ?? []) next.push(known(child, folder.id));
		}
		level = next;
	}
	return found;
}

/** undefined: the mailbox does not give them. */
async function childrenOf(context: MailContext, id: string, signal: AbortSignal): Promise<GraphFolder[] | undefined> {
	const path = `${context.userPath}/mailFolders/${encodeURIComponent(id)}/childFolders?includeHiddenFolders=true&$top=250&$select=${FOLDER_SELECT}`;
	const children: GraphFolder[] = [];
	try {
		for await (const page of context.graph.pages<GraphFolder>({ path, signal })) children.push(...page);
	} catch (error) {
		if (!isFailure(error, 'notFound', 'denied', 'invalid')) throw error;
		return undefined;
	}
	return children;
}
