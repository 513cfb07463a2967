import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import type { BackUpOptions } from '../../nodes/M365Backup/engine/back-up-options';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import type { CatalogEntry, SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import type { ExchangeExportMode } from '../../nodes/M365Backup/workloads/mailbox/exchange/exchange-export';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import type { MailboxPartName } from '../../nodes/M365Backup/workloads/mailbox/mailbox-part';
import type { Mailbox } from '../simulator/mailbox';
import type { RunningSimulator } from '../simulator/start';
import { startSimulator } from '../simulator/start';
import type { Switches } from '../simulator/switches';
import { readAll } from './read-all';
import { tenantAmbient } from './tenant-ambient';

/** One mailbox of a simulated tenant, one repository, and the two brought together as a user would. */
export interface MailboxFixture {
	sim: RunningSimulator;
	mailbox: Mailbox;
	source: SourceRef;
	key: string;
	store: Store;
	repository: Repository;
	/** On the tenant's clock: waiting advances it instead of the real one. */
	ambient: Ambient;
	/** A client of its own, with quotas of its own. */
	client(): GraphClient;
	backUp(options?: Partial<BackUpOptions> & { /** Mail alone if absent. */ content?: MailboxPartName[]; excludeFolders?: string[]; recoverableItems?: boolean; exchangeExport?: ExchangeExportMode; graphClient?: GraphClient; hoursLater?: number }): Promise<BackUpSummary>;
	/** The newest snapshot's living items by id. */
	entries(): Promise<Map<string, CatalogEntry>>;
	/** The newest snapshot's messages as `folder path/subject`, sorted. */
	messages(): Promise<string[]>;
	/** The mailbox's messages in the same way, without Recoverable Items. */
	living(): Promise<string[]>;
	content(entry: CatalogEntry): Promise<Buffer>;
	stop(): Promise<void>;
}

const TODAY_MS = Date.UTC(2026, 10, 22, 10);

export async function mailboxFixture(options: { switches?: Partial<Switches>; store?: Store; userName?: string; /** A shared mailbox, without a licence. */ shared?: boolean } = {}): Promise<MailboxFixture> {
	const sim = await startSimulator({ http: true, users: 0, messages: 0, switches: options.switches ?? {} });
	const user = sim.tenant.addUser({ displayName: options.userName ?? 'Adele Vance', locale: 'de', shared: options.shared ?? false });
	const mailbox = sim.tenant.mailbox(user.id);
	const { clock } = sim.tenant;
	// The same day whenever the tests run: their dates are ahead of it or over.
	clock.advance(TODAY_MS - clock.nowMs());
	const ambient = tenantAmbient(sim);
	const store = options.store ?? createMemoryStore({ now: () => clock.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const source: SourceRef = { workload: 'mailbox', id: user.id, name: user.displayName, tenantId: sim.tenantId };
	const key = sourceKey(source);
	const client = (): GraphClient =>
		createGraphClient({
			graphUrl: sim.graphUrl,
			tokens: fixedToken(sim.token),
			ambient,
			governor: new Governor(ambient),
			tenantId: sim.tenantId,
		});

	const fixture: MailboxFixture = {
		sim,
		mailbox,
		source,
		key,
		store,
		repository,
		ambient,
		client,
		backUp: async ({ content, excludeFolders, recoverableItems, exchangeExport, graphClient, hoursLater = 1, ...rest } = {}) => {
			const graph = graphClient ?? client();
			// An hourly schedule.
			clock.advance(hoursLater * 3_600_000);
			return backUp({
				repository,
				source,
				workload: mailboxWorkload({ graph, mailboxId: user.id, ambient, content: content ?? ['mail'], ...(excludeFolders ? { excludeFolders } : {}), ...(recoverableItems === undefined ? {} : { recoverableItems }), ...(exchangeExport ? { exchangeExport } : {}) }),
				ambient,
				graph: graph.stats,
				clockSkewMs: () => graph.clockSkewMs(),
				...rest,
			});
		},
		entries: async () => {
			const found = new Map<string, CatalogEntry>();
			const newest = (await repository.snapshots(key)).at(-1);
			if (newest) for await (const entry of repository.catalog(newest).entries()) found.set(entry.id, entry);
			return found;
		},
		messages: async () => {
			const entries = await fixture.entries();
			const pathOf = (id: string | undefined): string => {
				const folder = id === undefined ? undefined : entries.get(id);
				return folder ? `${pathOf(folder.parent)}${folder.name}/` : '';
			};
			return [...entries.values()]
				.filter((entry) => entry.type === 'message')
				.map((entry) => `${pathOf(entry.parent)}${entry.name}`)
				.sort();
		},
		living: async () => {
			const visible = [...mailbox.allMessages()].filter((message) => message.folder.isBelow(mailbox.root));
			const named = visible.map(async (message) => [...message.folder.path, (await message.summary()).subject].join('/'));
			return (await Promise.all(named)).sort();
		},
		content: async (entry) => {
			const ref = entry.content?.[0];
			if (!ref) throw new Error(`${entry.id} has no content`);
			return readAll(repository.readContent(key, ref));
		},
		stop: () => sim.stop(),
	};
	return fixture;
}

let counter = 0;

/** A small message of its own. */
export function plainMail(subject: string, body = `Body of ${subject}`): string {
	counter += 1;
	return [
		'From: Ada <ada@fabrikam.example>',
		'To: Adele <adele.vance@contoso.example>',
		`Subject: ${subject}`,
		'Date: Fri, 20 Nov 2026 10:00:00 +0000',
		`Message-ID: <${counter}@fabrikam.example>`,
		'MIME-Version: 1.0',
		'Content-Type: text/plain; charset=utf-8',
		'',
		body,
		'',
	].join('\r\n');
}
