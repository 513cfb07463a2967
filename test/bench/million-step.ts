import { monitorEventLoopDelay } from 'node:perf_hooks';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { restore } from '../../nodes/M365Backup/engine/restore';
import { searchSnapshot } from '../../nodes/M365Backup/engine/search';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { entryName, sourceKey } from '../../nodes/M365Backup/repository/names';
import type { ContentRef, SnapshotRecord, SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { mailboxRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mailbox';
import type { ChangePage, Workload } from '../../nodes/M365Backup/workloads/workload';
import { countStore } from '../support/counting-store';

/** One step of million.ts in a process of its own: `tsx million-step.ts '<json>'` prints its StepReport as JSON. */
export interface StepOrder {
	step: 'build' | 'changed' | 'quiet' | 'search' | 'one of many' | 'restore one';
	folder: string;
	items: number;
	graphUrl: string;
	token: string;
	tenantId: string;
	mailboxId: string;
}

export interface StepReport {
	seconds: number;
	/** Of the whole process. */
	peakResidentBytes: number;
	longestStallMs: number;
	reads: number;
	readBytes: number;
	written: number;
	writtenBytes: number;
	/** What came of it, to be compared with what should have. */
	result: unknown;
}

/** Contents that all the messages share: what is measured is the catalog. */
const CONTENTS = 1000;
const FOLDERS = 200;
const CHANGES = 10;
/** As many as a first copy stores in ten minutes. */
const COMMIT_EVERY = 25_000;
/** Each stands in one message of so many. */
const WORDS_APART = 1000;

const nameOf = (item: number): string => `Quarterly report ${item} on project ${['Aurora', 'Borealis', 'Cirrus', 'Delta'][item % 4]!} x${item % WORDS_APART}x`;
const folderOf = (item: number): string => `mail/folder-${item % FOLDERS}`;
const idOf = (item: number): string => `mail/AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A${String(item * 7919).padStart(12, '0')}AAA=`;

async function build(repository: Repository, source: SourceRef, items: number): Promise<unknown> {
	const run = repository.startRun(source, null);
	for (let folder = 0; folder < FOLDERS; folder++) {
		await run.add({ id: `mail/folder-${folder}`, whole: true, type: 'folder', name: `Folder ${folder}`, meta: {} });
	}
	const refs: ContentRef[] = [];
	for (let content = 0; content < CONTENTS; content++) {
		const text = `From: Adele <adele@contoso.example>\r\nTo: Nestor <nestor@contoso.example>\r\nSubject: ${nameOf(content)}\r\nMessage-ID: <${content}@contoso.example>\r\n\r\nText of ${content}\r\n`;
		const bytes = Buffer.from(text);
		refs.push(await run.addContent({ entryName: entryName({ folderPath: ['Inbox'], title: nameOf(content), extension: '.eml', id: idOf(content), version: '1' }), content: once(bytes) }));
	}
	for (let item = 0; item < items; item++) {
		const subject = nameOf(item);
		const time = new Date(Date.UTC(2020, 0, 1) + item * 60_000).toISOString();
		const meta = { subject, from: { name: `Sender ${item % 500}`, address: `sender${item % 500}@fabrikam.example` }, to: [{ name: 'Nestor', address: 'nestor@contoso.example' }], received: time, sent: time, preview: `First lines of ${item}`, internetMessageId: `<${item}@contoso.example>` };
		const ref = refs[item % CONTENTS]!;
		await run.add({ id: idOf(item), whole: true, type: 'message', parent: folderOf(item), name: subject, modified: time, size: ref.size, etag: `W/"${item}"`, content: [ref], meta });
		if ((item + 1) % COMMIT_EVERY === 0 && item + 1 < items) await commit(run, item + 1, 'partial');
	}
	const record = await commit(run, items, 'complete');
	return record.segments.reduce((bytes, { size }) => bytes + size, 0);
}

async function commit(run: ReturnType<Repository['startRun']>, items: number, status: 'partial' | 'complete'): Promise<SnapshotRecord> {
	return await run.commit({
		status,
		scopes: [{ id: 'mail', name: 'Mail', asOf: status === 'complete' ? new Date().toISOString() : null, state: status === 'complete' ? 'complete' : 'stale' }],
		totals: { items, bytes: items * 200 },
		changes: { added: Math.min(items, COMMIT_EVERY), updated: 0, deleted: 0, failed: 0, skipped: 0 },
		failures: [],
		cursor: { scopes: {}, failed: [], seen: [] },
		tag: null,
	});
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
	yield await Promise.resolve(bytes);
}

/** What a mailbox reports in an hour: some messages were read, each looked up first as a real workload does. */
function workloadWith(changes: number, items: number): Workload {
	return {
		async *enumerate({ known }): AsyncGenerator<ChangePage> {
			const ids = Array.from({ length: changes }, (_, index) => idOf(Math.floor((items * index) / changes)));
			const found = await known.lookUp(ids);
			yield { changes: [...found.keys()].map((id) => ({ kind: 'patch', id, type: 'message', meta: { read: true } })) };
		},
		async *fetch() {
			await Promise.resolve();
		},
		confirmMissing: () => Promise.resolve([]),
		notes: () => ({}),
	};
}

async function perform(order: StepOrder, repository: Repository, source: SourceRef): Promise<unknown> {
	const { step, items } = order;
	const ambient = realAmbient;
	if (step === 'build') return await build(repository, source, items);
	if (step === 'changed' || step === 'quiet') {
		const summary = await backUp({ repository, source, ambient, workload: workloadWith(step === 'changed' ? CHANGES : 0, items) });
		return { status: summary.status, updated: summary.changes.updated };
	}
	const snapshot = await repository.latest(sourceKey(source));
	if (!snapshot) throw new Error('There is no snapshot');
	if (step === 'search' || step === 'one of many') {
		let found = 0;
		for await (const item of searchSnapshot(repository, snapshot, step === 'search' ? { text: 'x77x' } : { ids: [idOf(items - 1)] })) if (item.folderPath.startsWith('Folder ')) found++;
		return found;
	}
	const graph = createGraphClient({ graphUrl: order.graphUrl, tokens: fixedToken(order.token), ambient, tenantId: order.tenantId });
	const restorer = mailboxRestorer({ graph, mailboxId: order.mailboxId, ambient, source });
	const outcomes: string[] = [];
	for await (const { type, outcome } of restore({ repository, source, snapshot, selection: { kind: 'ids', ids: [idOf(items - 1)] }, destination: { kind: 'folder', path: ['Back'] }, conflictPolicy: 'skip', mode: 'restore', restorer, ambient })) {
		if (type === 'message') outcomes.push(outcome);
	}
	return outcomes;
}

async function main(order: StepOrder): Promise<StepReport> {
	const counted = countStore(createFolderStore({ root: order.folder }));
	const source: SourceRef = { workload: 'mailbox', id: order.mailboxId, name: 'Nestor', tenantId: order.tenantId };
	let peakResidentBytes = 0;
	const sample = (): void => {
		peakResidentBytes = Math.max(peakResidentBytes, process.memoryUsage.rss());
	};
	const sampling = setInterval(sample, 10);
	const delay = monitorEventLoopDelay({ resolution: 5 });
	delay.enable();
	const startedMs = performance.now();
	const repository = await Repository.open(counted.store, realAmbient, { create: order.step === 'build' });
	const result = await perform(order, repository, source);
	const seconds = (performance.now() - startedMs) / 1000;
	delay.disable();
	clearInterval(sampling);
	sample();
	const { gets, bytesRead, puts, bytesWritten } = counted.take();
	return { seconds, peakResidentBytes, longestStallMs: delay.max / 1e6, reads: gets, readBytes: bytesRead, written: puts, writtenBytes: bytesWritten, result };
}

main(JSON.parse(process.argv[2] ?? '') as StepOrder).then(
	(report) => process.stdout.write(`${JSON.stringify(report)}\n`),
	(error: unknown) => {
		process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
		process.exitCode = 1;
	},
);
