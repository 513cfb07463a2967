import { createHash, randomInt } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient, type Ambient } from '../../nodes/M365Backup/base/ambient';
import { backUp } from '../../nodes/M365Backup/engine/back-up';
import { prune } from '../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { CopyLedger } from '../../nodes/M365Backup/repository/copies';
import { flatName, sourceKey } from '../../nodes/M365Backup/repository/names';
import type { SourceRef } from '../../nodes/M365Backup/repository/records';
import { Repository } from '../../nodes/M365Backup/repository/repository';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import { mailboxWorkload } from '../../nodes/M365Backup/workloads/mailbox/mailbox';
import type { Mailbox } from '../simulator/mailbox';
import { SeededRandom } from '../simulator/seeded-random';
import type { TenantUser } from '../simulator/tenant';
import { nodeRun } from './harness/execution';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { chain, node, ourNode, pick } from './harness/our-node';
import { Stage } from './harness/stage';
import { StoppingDisk } from './harness/stopping-disk';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const backups = 20;
const dayMs = 24 * 3_600_000;
/** Old enough at the end for a rewrite of the base, which comes after 90 days, and not before. */
const gapMs = (89 * dayMs) / (backups - 1);

/**
 * kill -9 of a real n8n in the middle of prune, merge, base rewrite, copy and restore, on a disk that stops at a random
 * change, so that there is a middle on any machine. After each: deep verify finds nothing, no snapshot is lost, and the next run finishes what was begun.
 */
describe(`maintenance that is killed in a real n8n (KILL_SEED=${seed})`, () => {
	const random = new SeededRandom(seed);
	let stage: Stage;
	let disk: StoppingDisk;
	let scratch: string;
	let user: TenantUser;
	let mailbox: Mailbox;
	let source: SourceRef;
	let key: string;

	beforeAll(async () => {
		console.log(`KILL_SEED=${seed}`);
		scratch = await mkdtemp(join(tmpdir(), 'm365-kills-'));
		const made = await StoppingDisk.make(scratch, '/m365-backup/');
		disk = made.disk;
		stage = await Stage.start({ simulator: { http: true, users: 1, messages: 60, folders: 4, seed: 3 }, n8n: { env: made.env }, requestLimits: 'none' });
		stage.simulator.tenant.throttle.speed = 1_000;
		user = stage.simulator.tenant.users[0]!;
		mailbox = user.mailbox!;
		source = { workload: 'mailbox', id: user.id, name: user.userPrincipalName, tenantId: stage.simulator.tenantId };
		key = sourceKey(source);
		await liveThroughMonths();
		const where = { repositoryFolder: stage.repositoryFolder };
		const restore = { ...where, mode: 'restore', source: pick(user.userPrincipalName), selection: 'everything', destination: 'newFolder', targetFolder: 'Back', conflictPolicy: 'skip' };
		await stage.put(chain('killBackUp', [ourNode('Do', 'mailbox/backUp', { ...where, mailbox: pick(user.userPrincipalName), options: { content: ['mail'] } })]));
		await stage.put(chain('killPrune', [ourNode('Do', 'snapshot/prune', { ...where, mode: 'prune', retention: 'days', keepDays: 1 })]));
		await stage.put(chain('killRestore', [ourNode('Do', 'item/restore', restore)]));
		await stage.put(copyInBatches(where));
	});
	afterAll(async () => {
		await stage?.stop();
		if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
	});

	/** Backups of three months, the last of them three days ago, as the clocks of host, tenant and disk would have it. */
	async function liveThroughMonths(): Promise<void> {
		const { tenant, graphUrl, tenantId } = stage.simulator;
		const { clock } = tenant;
		clock.advance(-(backups - 1) * gapMs - 3 * dayMs);
		const startedMs = Date.now() - dayMs;
		const ambient: Ambient = { ...realAmbient, now: () => clock.now() };
		const tokens = fixedToken(tenant.tokens.issue({ lifetimeMs: 200 * dayMs }).token);
		for (let made = 0; made < backups; made++) {
			for (const n of [1, 2]) mailbox.addMime('inbox', `From: a@example.com\r\nSubject: Mail ${made}, ${n}\r\nMessage-ID: <${made}.${n}@example.com>\r\n\r\n${'text '.repeat(400)}\r\n`);
			const graph = createGraphClient({ graphUrl, tokens, ambient, tenantId });
			const repository = await Repository.open(createFolderStore({ root: stage.repositoryFolder, ambient }), ambient, { create: true });
			const summary = await backUp({ repository, source, workload: mailboxWorkload({ graph, mailboxId: user.id, ambient, content: ['mail'] }), ambient, graph: graph.stats, clockSkewMs: () => graph.clockSkewMs() });
			expect(summary.status).toBe('complete');
			for (const name of await files()) {
				const path = join(stage.repositoryFolder, name);
				if ((await stat(path)).mtimeMs > startedMs) await utimes(path, clock.now(), clock.now());
			}
			if (made < backups - 1) clock.advance(gapMs);
		}
		clock.advance(3 * dayMs);
	}

	/** Five files at a time, so that some are confirmed while others are still on their way. */
	function copyInBatches(where: Record<string, unknown>): WorkflowJson {
		const write: WorkflowNode = node('Write', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'write', fileName: `={{ '${stage.copyFolder}/' + $json.fileName }}`, options: {} });
		const workflow = chain('killCopy', [ourNode('Files', 'repository/getFilesToCopy', { ...where, target: 'second' }), node('Batches', 'n8n-nodes-base.splitInBatches', 3, { batchSize: 5, options: {} }), write, ourNode('Do', 'repository/confirmCopied', { ...where, target: 'second' })]);
		const to = (name: string): unknown => [{ node: name, type: 'main', index: 0 }];
		workflow.connections['Batches'] = { main: [[], to('Write')] };
		workflow.connections['Do'] = { main: [to('Batches')] };
		return workflow;
	}

	const files = async (): Promise<string[]> => (await readdir(stage.repositoryFolder, { recursive: true, withFileTypes: true })).filter((found) => found.isFile()).map((found) => join(found.parentPath, found.name).slice(stage.repositoryFolder.length + 1));
	const open = (): Promise<Repository> => Repository.open(createFolderStore({ root: stage.repositoryFolder }), realAmbient);
	const snapshots = async (): Promise<string[]> => (await files()).filter((name) => name.endsWith('.snapshot.json')).sort();

	async function expectSound(): Promise<Repository> {
		const repository = await open();
		const report = await verifyRepository(repository, { deep: true });
		expect(report.damage).toEqual([]);
		return repository;
	}

	async function start(workflow: string): Promise<string> {
		return stage.n8n.client.start(workflow, 'Start');
	}

	/** Runs to its end, which must be a good one. */
	async function finish(workflow: string): Promise<Record<string, unknown>[]> {
		const execution = await stage.n8n.client.run(workflow, 'Start');
		expect(execution.error).toBeUndefined();
		return nodeRun(execution, 'Do').items.map(({ json }) => json);
	}

	async function kill(): Promise<void> {
		await stage.n8n.kill();
		stage.simulator.tenant.latencyMs = 0;
	}

	async function again(): Promise<void> {
		await disk.goOn();
		await stage.n8n.launch();
		await stage.n8n.client.signIn();
	}

	/** What restores have made so far. */
	const restored = (): ReturnType<Mailbox['message']>[] => [...mailbox.allMessages()].filter(({ folder }) => isRestored(folder));

	function isRestored(folder: Mailbox['root']): boolean {
		const top = [...mailbox.folders.values()].find(({ displayName }) => displayName === 'Back');
		return top !== undefined && (folder === top || folder.isBelow(top));
	}

	const wanted = (): number => [...mailbox.allMessages()].filter(({ folder }) => folder.isBelow(mailbox.root) && !isRestored(folder)).length;

	/** Slow enough that there is a middle, and comes back in it. */
	async function restoreToTheMiddle(): Promise<void> {
		const total = wanted();
		stage.simulator.tenant.latencyMs = 250;
		const before = restored().length;
		const enough = before + 5 + random.below(Math.floor((total - before) / 3));
		await start('killRestore');
		const deadline = Date.now() + 120_000;
		while (restored().length < enough) {
			if (Date.now() > deadline) throw new Error(`The restore made ${restored().length} of ${enough} messages within two minutes`);
			await sleep(5);
		}
	}

	it('prune: what the policy keeps stays, and the next prune leaves what an undisturbed one would', async () => {
		const before = await snapshots();
		expect(before).toHaveLength(backups);
		const twin = join(scratch, 'twin');
		await cp(stage.repositoryFolder, twin, { recursive: true, preserveTimestamps: true });
		const undisturbed = await Repository.open(createFolderStore({ root: twin }), realAmbient);
		for await (const result of prune({ repository: undisturbed, policy: { within: 'P1D' }, zone: 'UTC', dryRun: false })) expect(result.refused).toBeUndefined();
		const kept = new Set((await readdir(join(twin, key))).filter((name) => !name.endsWith('.prune.json')));
		const records = before.filter((name) => !kept.has(name.slice(key.length + 1)));
		expect(records.length).toBeGreaterThan(backups - 4);

		await restoreToTheMiddle();
		// Among the records first, then among the files that only they named.
		await disk.stopAt({ match: /^unlink .*\.snapshot\.json$/, times: 2 + random.below(records.length - 2) });
		await start('killPrune');
		await disk.untilStopped('the first prune');
		await kill();
		const left = await snapshots();
		expect(left.length).toBeLessThan(before.length);
		expect(left.length).toBeGreaterThan(before.length - records.length);
		expect(restored().length).toBeLessThan(wanted());
		await expectSound();

		await again();
		await disk.stopAt({ match: /^unlink .*\.(cursor\.json|segment-\d+\.ndjson\.gz)$/, times: 2 + random.below(10) });
		await start('killPrune');
		await disk.untilStopped('the second prune');
		await kill();
		expect(await snapshots()).toHaveLength(before.length - records.length);
		const garbage = (await files()).filter((name) => name.startsWith(key) && !name.endsWith('.prune.json') && !kept.has(name.slice(key.length + 1)));
		expect(garbage).not.toEqual([]);
		await expectSound();

		await again();
		await finish('killPrune');
		const now = (await files()).filter((name) => name.startsWith(key) && !name.endsWith('.prune.json')).map((name) => name.slice(key.length + 1));
		expect(now.sort()).toEqual([...kept].sort());
		await expectSound();
	});

	it('restore, killed once before and once more: another run completes it, nothing twice', async () => {
		const begun = restored().length;
		expect(begun).toBeGreaterThan(0);
		await restoreToTheMiddle();
		await kill();
		expect(restored().length).toBeGreaterThan(begun);
		expect(restored().length).toBeLessThan(wanted());
		await again();
		await finish('killRestore');
		const ids = await Promise.all(restored().map(async (message) => (await message.summary()).internetMessageId));
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids).toHaveLength(wanted());
		const outcomes = (await finish('killRestore')).filter(({ type }) => type === 'message').map(({ outcome }) => outcome);
		expect([...new Set(outcomes)]).toEqual(['skipped']);
	});

	it('merge and base rewrite: the snapshots from before stay, and the next backup finishes both', async () => {
		for (const message of [...mailbox.allMessages()].filter(({ folder }) => !isRestored(folder)).slice(0, 60)) mailbox.patch(message, { isRead: !message.isRead });
		mailbox.addMime('inbox', 'From: a@example.com\r\nSubject: Last\r\nMessage-ID: <last@example.com>\r\n\r\nText\r\n');
		const before = await snapshots();
		// Before its record is there, and after: then it is the rewrite that is cut short.
		// The first write is the lease; archive, segment and cursor follow.
		await disk.stopAt({ after: /^link .*lease/, match: /^(write|rename) /, times: 1 + random.below(6) });
		await start('killBackUp');
		await disk.untilStopped('the backup');
		await kill();
		expect(await snapshots()).toEqual(before);
		expect((await files()).some((name) => !before.includes(name) && /\.m365-backup-temp-|archive|segment/.test(name))).toBe(true);
		await expectSound();

		await again();
		await disk.stopAt({ after: /^rename .*\.snapshot\.json$/, match: /^(write|rename) /, times: 3 + random.below(6) });
		await start('killBackUp');
		await disk.untilStopped('the rewrite');
		await kill();
		const committed = await snapshots();
		expect(committed.length).toBe(before.length + 1);
		expect(committed).toEqual(expect.arrayContaining(before));
		await expectSound();

		await again();
		mailbox.addMime('inbox', 'From: a@example.com\r\nSubject: Very last\r\nMessage-ID: <very.last@example.com>\r\n\r\nText\r\n');
		expect(await finish('killBackUp')).toMatchObject([{ status: 'complete' }]);
		const repository = await expectSound();
		const newest = (await repository.snapshots(key)).at(-1)!;
		// The rewrite, which had not come about, has now.
		expect(newest.segments).toHaveLength(1);
		expect(await snapshots()).toEqual(expect.arrayContaining(committed));
	});

	it('copy: what is confirmed is there, what is not is copied the next time', async () => {
		for (const round of [1, 2]) {
			const parts = { match: /^link .*\/copies\//, times: round === 1 ? 2 + random.below(2) : 1 };
			// Once while a part of the list is written, once at any moment behind it.
			if (round === 1) await disk.stopAt(parts);
			await start('killCopy');
			if (round === 1) await disk.untilStopped('the copy');
			else {
				await disk.until((lines) => lines.filter((line) => parts.match.test(line)).length >= parts.times, 'the copy');
				await sleep(random.below(60));
			}
			await kill();
			const confirmed = await expectCopiesThere();
			expect(confirmed).toBeGreaterThan(0);
			expect(confirmed).toBeLessThan((await files()).filter((name) => !/copies|lease|temp-/.test(name)).length);
			await expectSound();
			await again();
		}
		await finish('killCopy');
		await expectCopiesThere();
		const left = await stage.n8n.client.run('killCopy', 'Start');
		expect(nodeRun(left, 'Files').items).toEqual([]);
	});

	/** Every file that the repository believes to be in the copy. */
	async function expectCopiesThere(): Promise<number> {
		const repository = await open();
		const ledger = (await CopyLedger.read(repository.store, realAmbient, 'second')).files();
		for (const [path, { sha256 }] of ledger) {
			const bytes = await readFile(join(stage.copyFolder, flatName(path)));
			expect(createHash('sha256').update(bytes).digest('hex'), path).toBe(sha256);
		}
		return ledger.size;
	}
});
