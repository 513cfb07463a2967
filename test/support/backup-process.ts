import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import type { BackUpSummary } from '../../nodes/M365Backup/engine/back-up-summary';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { documentedLimits, Governor, type GovernorLimits } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { readAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../nodes/M365Backup/stores/encryption/repository-key';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { driveWorkload } from '../../nodes/M365Backup/workloads/drive/drive';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import type { MailboxPartName } from '../../nodes/M365Backup/workloads/mailbox/mailbox-part';
import { siteWorkload } from '../../nodes/M365Backup/workloads/site/site';
import type { Workload } from '../../nodes/M365Backup/workloads/workload';

/** One backup of one mailbox, drive or site in a process of its own: `tsx backup-process.ts '<json>'` prints its BackupReport as JSON. */
export interface BackupOrder {
	graphUrl: string;
	token: string;
	tenantId: string;
	/** Empty where a drive or site is backed up. */
	mailboxId: string;
	driveId?: string;
	siteId?: string;
	/** Mail alone if absent. */
	content?: MailboxPartName[];
	folder: string;
	/** `AGE-SECRET-KEY-1…`: the repository is encrypted. */
	encryptionKey?: string;
	commitEveryMs?: number;
	commitEveryBytes?: number;
	stopAfterBytes?: number;
	volumeBytes?: number;
	/** Keeps to Microsoft's four requests at once, but not to its 10,000 in ten minutes: for measuring our own cost. */
	withoutQuota?: boolean;
	/** How far this process's clock is ahead, for tests that let time pass between runs. */
	clockAheadMs?: number;
}

export interface BackupReport {
	summary: BackUpSummary;
	/** What SharePoint charged for it. */
	resourceUnits: number;
	/** Resident memory at its highest above what the process had before the backup began. */
	peakMemoryAboveIdleBytes: number;
	/** Of what the resident memory consisted when it was highest, and before the backup began. */
	atPeak: MemorySplit;
	idle: MemorySplit;
	/** The longest that the event loop stood still. */
	longestStallMs: number;
	wallMs: number;
	/** Of all threads of this process, while it backed up. */
	cpuSeconds: number;
}

export interface MemorySplit {
	residentBytes: number;
	/** What V8 has taken for objects, most of it for garbage that it has not collected yet. */
	heapBytes: number;
	heapUsedBytes: number;
	/** Bytes outside of the heap that objects hold: contents, buffers. */
	externalBytes: number;
}

function memorySplit(): MemorySplit {
	const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
	return { residentBytes: rss, heapBytes: heapTotal, heapUsedBytes: heapUsed, externalBytes: external };
}

/** Before the measuring begins; they are in the tenant's log, not in the summary. */
export const WARM_UP_CALLS = 5;

const withoutQuota: GovernorLimits = {
	...documentedLimits,
	mailbox: { ...documentedLimits.mailbox, costPerWindow: Number.POSITIVE_INFINITY },
	sharePoint: { ...documentedLimits.sharePoint, costPerWindow: Number.POSITIVE_INFINITY },
};

/** What is backed up, and whose quota asking for it uses. */
function sourceOf(order: BackupOrder, graph: GraphClient, ambient: Ambient): { ref: Pick<SourceRef, 'workload' | 'id'>; path: string; workload: Workload } {
	const { driveId, siteId, mailboxId } = order;
	if (driveId !== undefined) return { ref: { workload: 'drive', id: driveId }, path: `/drives/${driveId}?$select=id`, workload: driveWorkload({ graph, driveId, ambient }) };
	if (siteId !== undefined) return { ref: { workload: 'site', id: siteId }, path: `/sites/${siteId}?$select=id`, workload: siteWorkload({ graph, siteId, ambient }) };
	const workload = mailboxWorkload({ graph, mailboxId, ambient, content: order.content ?? ['mail'] });
	return { ref: { workload: 'mailbox', id: mailboxId }, path: `/users/${mailboxId}?$select=id`, workload };
}

async function main(order: BackupOrder): Promise<BackupReport> {
	const { clockAheadMs = 0 } = order;
	const ambient: Ambient = { ...realAmbient, now: () => new Date(Date.now() + clockAheadMs) };
	const graph = createGraphClient({
		graphUrl: order.graphUrl,
		tokens: fixedToken(order.token),
		ambient,
		tenantId: order.tenantId,
		...(order.withoutQuota ? { governor: new Governor(ambient, withoutQuota) } : {}),
	});
	const encryption = order.encryptionKey === undefined ? undefined : new RepositoryKey(await readAgeKey({ identity: order.encryptionKey }));
	const repository = await Repository.open(createFolderStore({ root: order.folder, ambient }), ambient, { create: true, encryption });
	// Idle is what a process has that has opened a repository, spoken to Graph, and is about to begin: fetch is loaded lazily.
	const { ref, path, workload } = sourceOf(order, graph, ambient);
	for (let call = 0; call < WARM_UP_CALLS; call++) await graph.json({ path });
	const unitsBefore = graph.stats.resourceUnits;
	globalThis.gc?.();
	const idle = memorySplit();
	let atPeak = idle;
	const sample = (): void => {
		if (process.memoryUsage.rss() > atPeak.residentBytes) atPeak = memorySplit();
	};
	const sampling = setInterval(sample, 25);
	const delay = monitorEventLoopDelay({ resolution: 5 });
	delay.enable();
	const cpuBefore = process.cpuUsage();
	const startedMs = performance.now();
	const summary = await backUp({
		repository,
		source: { ...ref, name: 'Bench', tenantId: order.tenantId },
		workload,
		ambient,
		graph: graph.stats,
		clockSkewMs: () => graph.clockSkewMs(),
		commitEvery: { ms: order.commitEveryMs, bytes: order.commitEveryBytes },
		stopAfter: { bytes: order.stopAfterBytes },
		volumeBytes: order.volumeBytes,
	});
	const wallMs = performance.now() - startedMs;
	const { user, system } = process.cpuUsage(cpuBefore);
	delay.disable();
	clearInterval(sampling);
	sample();
	return {
		summary,
		resourceUnits: graph.stats.resourceUnits - unitsBefore,
		peakMemoryAboveIdleBytes: atPeak.residentBytes - idle.residentBytes,
		atPeak,
		idle,
		longestStallMs: delay.max / 1e6,
		wallMs,
		cpuSeconds: (user + system) / 1e6,
	};
}

const order = process.argv[2];
if (order !== undefined) {
	main(JSON.parse(order) as BackupOrder).then(
		(report) => process.stdout.write(`${JSON.stringify(report)}\n`),
		(error: unknown) => {
			process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
			process.exitCode = 1;
		},
	);
}
