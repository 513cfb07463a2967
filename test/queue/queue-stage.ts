import { join } from 'node:path';
import { createTenantCredential } from '../e2e/harness/credentials';
import { N8nServer } from '../e2e/harness/n8n-server';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../simulator/start';
import { N8nWorker } from './n8n-worker';
import { PostgresServer } from './postgres-server';
import { RedisServer } from './redis-server';

export interface QueueStageOptions {
	simulator: SimulatorOptions;
	/** Names of the machines that have a worker. */
	machines: readonly string[];
	/** Executions that a worker has at a time. */
	concurrency: number;
}

/** n8n in queue mode: a main process that executes nothing, and workers that share PostgreSQL and Redis with it and no disk. */
export class QueueStage {
	readonly workers = new Map<string, N8nWorker>();

	private constructor(
		readonly simulator: RunningSimulator,
		readonly n8n: N8nServer,
		private readonly postgres: PostgresServer,
		private readonly redis: RedisServer,
		private readonly env: Record<string, string>,
		private readonly concurrency: number,
	) {}

	static async start(options: QueueStageOptions): Promise<QueueStage> {
		const undo: (() => Promise<void>)[] = [];
		try {
			const simulator = await startSimulator(options.simulator);
			undo.unshift(() => simulator.stop());
			const postgres = await PostgresServer.start();
			undo.unshift(() => postgres.stop());
			const redis = await RedisServer.start();
			undo.unshift(() => redis.stop());
			const env = queueEnvironment(postgres, redis);
			const n8n = await N8nServer.start({ env, ...(simulator.caFile === undefined ? {} : { caFile: simulator.caFile }) });
			undo.unshift(() => n8n.stop());
			await createTenantCredential(n8n.client, simulator);
			const stage = new QueueStage(simulator, n8n, postgres, redis, env, options.concurrency);
			undo.unshift(() => stage.stopWorkers());
			await Promise.all(options.machines.map((machine) => stage.addWorker(machine)));
			return stage;
		} catch (error) {
			for (const step of undo) await step();
			throw error;
		}
	}

	/** A machine with an empty disk. */
	async addWorker(machine: string): Promise<N8nWorker> {
		const { caFile } = this.simulator;
		const worker = await N8nWorker.start({
			machine,
			packages: join(this.n8n.home, '.n8n', 'nodes'),
			env: this.env,
			concurrency: this.concurrency,
			...(caFile === undefined ? {} : { caFile }),
		});
		this.workers.set(machine, worker);
		return worker;
	}

	worker(machine: string): N8nWorker {
		const worker = this.workers.get(machine);
		if (worker === undefined) throw new Error(`There is no worker on ${machine}`);
		return worker;
	}

	async stop(): Promise<void> {
		await this.stopWorkers();
		await this.n8n.stop();
		await this.redis.stop();
		await this.postgres.stop();
		await this.simulator.stop();
	}

	private async stopWorkers(): Promise<void> {
		await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
	}
}

/** What the README's section on several machines lists; the times after which a lost job is noticed are shorter than n8n's own. */
function queueEnvironment(postgres: PostgresServer, redis: RedisServer): Record<string, string> {
	return {
		...postgres.env,
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		N8N_ENCRYPTION_KEY: 'the same key on every machine',
		QUEUE_WORKER_LOCK_DURATION: '20000',
		QUEUE_WORKER_LOCK_RENEW_TIME: '5000',
		QUEUE_WORKER_STALLED_INTERVAL: '5000',
	};
}
