import { Failure } from '../../../base/failure';
import type { GraphFolder } from '../graph-folder';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';
import { askExchangeMailboxId, exchangePath } from './exchange-mailbox';
import { STAGING_ROLE } from './staged-messages';

/** A session that ends so soon is not begun with. */
const MARGIN_MS = 60_000;

/** Where imports into one mailbox go: the URL with its key, and the folder by the id that the import knows it by. */
export class ImportSession {
	private mailboxId: Promise<string> | undefined;
	private session: Promise<{ url: string; expiresMs: number }> | undefined;
	private folder: Promise<string> | undefined;
	private learning: Promise<void> | undefined;

	constructor(private readonly context: RestoreContext) {}

	/** @throws Failure `denied` without permission; `notFound`, `invalid` in clouds without it */
	async url(): Promise<string> {
		const asked = (this.session ??= this.begin());
		const { url, expiresMs } = await asked;
		if (expiresMs - MARGIN_MS > this.context.ambient.now().getTime()) return url;
		this.forget(asked);
		return (await (this.session ??= this.begin())).url;
	}

	/** It ended, or was refused: the next one is another. */
	forget(ended: Promise<unknown> | undefined = this.session): void {
		if (this.session === ended) this.session = undefined;
	}

	private begin(): Promise<{ url: string; expiresMs: number }> {
		const begun = this.create();
		begun.catch(() => this.forget(begun));
		return begun;
	}

	private async create(): Promise<{ url: string; expiresMs: number }> {
		const session = await this.context.graph.json<{ importUrl?: unknown; expirationDateTime?: unknown } | undefined>({
			method: 'POST',
			path: exchangePath(await this.exchangeMailboxId(), 'createImportSession'),
			mailbox: this.context.mailboxId,
			...signalOf(this.context),
		});
		if (typeof session?.importUrl !== 'string') throw new Failure('notFound', 'Exchange gave no address to import to', { code: 'noImportUrl' });
		const expiresMs = Date.parse(String(session.expirationDateTime));
		return { url: session.importUrl, expiresMs: Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs };
	}

	private exchangeMailboxId(): Promise<string> {
		this.mailboxId ??= askExchangeMailboxId(this.context, this.context.signal);
		this.mailboxId.catch(() => (this.mailboxId = undefined));
		return this.mailboxId;
	}

	/** The folder that imports arrive in. */
	folderId(): Promise<string> {
		this.folder ??= this.mailFolderId();
		this.folder.catch(() => (this.folder = undefined));
		return this.folder;
	}

	private async mailFolderId(): Promise<string> {
		const { graph, userPath } = this.context;
		const folder = await graph.json<GraphFolder>({ path: `${userPath}/mailFolders/${STAGING_ROLE}?$select=id,displayName`, ...signalOf(this.context) });
		return folder.id;
	}

	/**
	 * After a folder id was not known: whether the import knows folders by other ids than the mail API does (documented
	 * nowhere). The folder is then looked up by its name.
	 *
	 * @returns whether there is another id to try
	 */
	async learnOwnFolderId(usedId: string): Promise<boolean> {
		this.learning ??= this.lookUpByName();
		await this.learning;
		return (await this.folderId()) !== usedId;
	}

	private async lookUpByName(): Promise<void> {
		const { graph, userPath } = this.context;
		const { displayName } = await graph.json<GraphFolder>({ path: `${userPath}/mailFolders/${STAGING_ROLE}?$select=id,displayName`, ...signalOf(this.context) });
		const path = exchangePath(await this.exchangeMailboxId(), 'folders?$top=100');
		for await (const page of graph.pages<{ id: string; displayName?: string | null }>({ path, mailbox: this.context.mailboxId, ...signalOf(this.context) })) {
			const found = page.find((one) => one.displayName === displayName);
			if (found) this.folder = Promise.resolve(found.id);
		}
	}
}
