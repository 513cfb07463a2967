import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { driveWorkload } from '../../nodes/M365Backup/workloads/drive/drive';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import { countStore } from '../support/counting-store';

/** One run over many sources in a process of its own, as n8n does it: the process forked by scale.ts sends its ScaleReport. */
export interface ScaleOrder {
	graphUrl: string;
	token: string;
	tenantId: string;
	folder: string;
	sources: { workload: 'mailbox' | 'drive'; id: string }[];
	/** Sources at a time. */
	parallel: number;
	/** How far the tenant's clock is ahead of this machine's already. */
	clockAheadMs: number;
}

export interface ScaleReport {
	statuses: Record<string, number>;
	changes: { added: number; updated: number; deleted: number };
	requests: number;
	calls: number;
	resourceUnits: number;
	retries: number;
	wallSeconds: number;
	/** By the tenant's clock: with all the waiting for quotas, which nobody really waits for here. */
	tenantSeconds: number;
	peakMemoryAboveIdleBytes: number;
	longestStallMs: number;
	store: { gets: number; bytesRead: number; lists: number; puts: number; bytesWritten: number };
}

/** To the parent: the tenant's clock is to go on by so much; it answers with the same number when that is done. */
export interface Advance {
	ask: number;
	advanceMs: number;
}

/** What waits is not waited for: the tenant's clock, in the other process, is put forward instead. */
class TenantTime {
	private asked = 0;
	private readonly waiting = new Map<number, () => void>();

	readonly ambient: Ambient = {
		...realAmbient,
		now: () => new Date(Date.now() + this.offsetMs),
		sleep: async (delayMs, signal) => {
			// The renewal of a lease is no wait for a quota.
			if (delayMs >= 300_000) await realAmbient.sleep(delayMs, signal);
			else await this.advance(delayMs);
		},
	};

	constructor(private offsetMs: number) {
		process.on('message', ({ ask }: Advance) => {
			this.waiting.get(ask)?.();
			this.waiting.delete(ask);
		});
	}

	private async advance(advanceMs: number): Promise<void> {
		const ask = ++this.asked;
		const done = new Promise<void>((resolve) => this.waiting.set(ask, resolve));
		process.send?.({ ask, advanceMs } satisfies Advance);
		this.offsetMs += advanceMs;
		await done;
	}
}

async function main(order: ScaleOrder): Promise<ScaleReport> {
	const { ambient } = new TenantTime(order.clockAheadMs);
	const counted = countStore(createFolderStore({ root: order.folder, ambient }));
	const repository = await Repository.open(counted.store, ambient, { create: true });
	const governor = new Governor(ambient);
	const clientFor = (): ReturnType<typeof createGraphClient> => createGraphClient({ graphUrl: order.graphUrl, tokens: fixedToken(order.token), ambient, tenantId: order.tenantId, governor });
	await clientFor().json({ path: '/users?$top=1&$select=id' });
	globalThis.gc?.();
	const idleBytes = process.memoryUsage.rss();
	let peakBytes = idleBytes;
	const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 20);
	const delay = monitorEventLoopDelay({ resolution: 5 });
	delay.enable();
	const report: ScaleReport = {
		statuses: {}, changes: { added: 0, updated: 0, deleted: 0 }, requests: 0, calls: 0, resourceUnits: 0, retries: 0,
		wallSeconds: 0, tenantSeconds: 0, peakMemoryAboveIdleBytes: 0, longestStallMs: 0, store: { gets: 0, bytesRead: 0, lists: 0, puts: 0, bytesWritten: 0 },
	};
	const [startedMs, startedAt] = [performance.now(), ambient.now()];
	counted.take();
	const left = [...order.sources];
	const work = async (): Promise<void> => {
		for (let next = left.shift(); next; next = left.shift()) {
			const graph = clientFor();
			const { workload: kind, id } = next;
			const workload = kind === 'drive' ? driveWorkload({ graph, driveId: id, ambient }) : mailboxWorkload({ graph, mailboxId: id, ambient, content: ['mail'] });
			const summary = await backUp({ repository, source: { workload: kind, id, name: id, tenantId: order.tenantId }, workload, ambient, graph: graph.stats, clockSkewMs: () => graph.clockSkewMs() });
			report.statuses[summary.status] = (report.statuses[summary.status] ?? 0) + 1;
			for (const kindOfChange of ['added', 'updated', 'deleted'] as const) report.changes[kindOfChange] += summary.changes[kindOfChange];
			report.requests += summary.graph.requests;
			report.calls += summary.graph.calls;
			report.retries += summary.graph.retries;
			report.resourceUnits += graph.stats.resourceUnits;
		}
	};
	await Promise.all(Array.from({ length: order.parallel }, work));
	const { gets, bytesRead, lists, puts, bytesWritten } = counted.take();
	delay.disable();
	clearInterval(sampling);
	return {
		...report,
		wallSeconds: (performance.now() - startedMs) / 1000,
		tenantSeconds: (ambient.now().getTime() - startedAt.getTime()) / 1000,
		peakMemoryAboveIdleBytes: peakBytes - idleBytes,
		longestStallMs: delay.max / 1e6,
		store: { gets, bytesRead, lists, puts, bytesWritten },
	};
}

process.once('message', (order: ScaleOrder) => {
	main(order)
		.then((report) => process.send?.(report))
		.catch((error: unknown) => {
			process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
			process.exitCode = 1;
		})
		.finally(() => process.disconnect());
});
