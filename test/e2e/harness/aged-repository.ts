import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { realAmbient, type Ambient } from '../../../nodes/M365Backup/base/ambient';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { createGraphClient } from '../../../nodes/M365Backup/graph/client';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';
import { mailboxWorkload } from '../../../nodes/M365Backup/workloads/mailbox/mailbox';
import type { RunningSimulator } from '../../simulator/start';

const dayMs = 86_400_000;

/** Backs up the first mailbox every so many days, the last time three days ago, as the clocks of host, tenant and disk would have it. */
export async function backUpInThePast({ tenant, graphUrl, tenantId }: RunningSimulator, folder: string, { backups, gapDays }: { backups: number; gapDays: number }): Promise<void> {
	const { clock } = tenant;
	const user = tenant.users.find(({ mailbox }) => mailbox !== null);
	if (!user?.mailbox) throw new Error('The tenant has no mailbox');
	clock.advance(-((backups - 1) * gapDays + 3) * dayMs);
	const startedMs = Date.now() - dayMs;
	const ambient: Ambient = { ...realAmbient, now: () => clock.now() };
	const tokens = fixedToken(tenant.tokens.issue({ lifetimeMs: 400 * dayMs }).token);
	const source = { workload: 'mailbox', id: user.id, name: user.userPrincipalName, tenantId } as const;
	for (let made = 0; made < backups; made++) {
		if (made > 0) clock.advance(gapDays * dayMs);
		user.mailbox.addMime('inbox', `From: a@example.com\r\nSubject: Mail ${made}\r\nMessage-ID: <${made}@example.com>\r\n\r\nText\r\n`);
		const graph = createGraphClient({ graphUrl, tokens, ambient, tenantId });
		const repository = await Repository.open(createFolderStore({ root: folder, ambient }), ambient, { create: true });
		const { status } = await backUp({ repository, source, workload: mailboxWorkload({ graph, mailboxId: user.id, ambient, content: ['mail'] }), ambient, graph: graph.stats, clockSkewMs: () => graph.clockSkewMs() });
		if (status !== 'complete') throw new Error(`Backup ${made} is ${status}`);
		for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
			const path = join(found.parentPath, found.name);
			if (found.isFile() && (await stat(path)).mtimeMs > startedMs) await utimes(path, clock.now(), clock.now());
		}
	}
	clock.advance(3 * dayMs);
}
