import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeRun } from '../e2e/harness/execution';
import { chain, ourNode, pick } from '../e2e/harness/our-node';
import { Stage } from '../e2e/harness/stage';
import { installN8n } from '../n8n/install';
import { addBenchUser } from './bench-mailbox';
import type { BenchRow } from './rows';

const SAMPLE_MS = 50;
/** n8n goes on loading for a while after it answers; from then on its memory is level. */
const SETTLE_MS = 15_000;
/** Microsoft's quota of 10,000 requests in ten minutes holds here: 50,000 messages take about an hour. */
const TIMEOUT_MS = 2 * 3_600_000;

/** What a full backup adds to the memory of the n8n that runs it, as its users see it: n8n's own process, our package as it is published. */
export async function memoryInN8n(rows: BenchRow[], say: (text: string) => void, size: { messages: number; folders: number; latencyMs: number }): Promise<void> {
	await installN8n(say);
	const stage = await Stage.start({ simulator: { http: true, users: 0, latencyMs: size.latencyMs, switches: { throttling: false } } });
	try {
		const { user } = addBenchUser(stage.simulator, size);
		const workflow = chain('benchMemory', [
			ourNode('Back Up', 'mailbox/backUp', {
				mailbox: pick(user.userPrincipalName),
				repositoryFolder: stage.repositoryFolder,
				options: { content: ['mail'], stopAfterMinutes: 0 },
			}),
		]);
		await stage.put(workflow);
		await sleep(SETTLE_MS);
		const { pid } = stage.n8n;
		const idleBytes = await residentBytes(pid);
		let peakBytes = idleBytes;
		const sampling = new AbortController();
		const sampler = (async () => {
			while (!sampling.signal.aborted) {
				peakBytes = Math.max(peakBytes, await residentBytes(pid));
				await sleep(SAMPLE_MS);
			}
		})();
		say(`memory of n8n during a full backup of ${size.messages} messages`);
		const startedMs = performance.now();
		const run = nodeRun(await stage.n8n.client.run(workflow.id, 'Start', TIMEOUT_MS), 'Back Up');
		const seconds = (performance.now() - startedMs) / 1000;
		sampling.abort();
		await sampler;
		const summary = run.items[0]?.json;
		if (summary?.['status'] !== 'complete') throw new Error(`The backup in n8n ended ${JSON.stringify(summary ?? run.error)}`);
		const name = `${size.messages.toLocaleString('en-US')} messages`;
		const group = `Full backup in n8n's own process, ${size.latencyMs} ms latency`;
		rows.push(
			{ group, name: 'n8n before it', value: idleBytes / 1e6, unit: 'MB' },
			{ group, name: `${name}: peak memory above that`, value: (peakBytes - idleBytes) / 1e6, unit: 'MB', atMost: 200 },
			{ group, name: `${name}: time`, value: seconds, unit: 's' },
		);
	} finally {
		await stage.stop();
	}
}

/** Resident memory of a process (proc(5), VmRSS). */
async function residentBytes(pid: number): Promise<number> {
	const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
	if (kilobytes === undefined) throw new Error(`Nobody knows the memory of process ${pid}`);
	return Number(kilobytes) * 1024;
}
