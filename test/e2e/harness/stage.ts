import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { createTenantCredential, credentialNames } from './credentials';
import { MailCatcher } from './mail-catcher';
import { N8nServer, type N8nOptions } from './n8n-server';
import type { WorkflowJson } from './n8n-client';

export interface StageOptions {
	simulator?: Parameters<typeof startSimulator>[0];
	n8n?: Pick<N8nOptions, 'env'>;
	/** Permissions that the app has beside the usual ones, before anybody signs in. */
	roles?: string[];
	/** `none` for what would take hours by Microsoft's quotas. */
	requestLimits?: 'microsoft' | 'none';
}

/** A simulated tenant, a real n8n with our package and credentials for both, and a mail server: what every test needs. */
export class Stage {
	private constructor(
		readonly simulator: RunningSimulator,
		readonly n8n: N8nServer,
		readonly mailServer: MailCatcher,
		/** What n8n said when it tested the Microsoft credential. */
		readonly credentialTest: { status: string; message: string },
	) {}

	static async start(options: StageOptions = {}): Promise<Stage> {
		const simulator = await startSimulator({ users: 2, messages: 40, seed: 1, ...options.simulator });
		simulator.tenant.roles.grant(...(options.roles ?? []));
		const mailServer = await MailCatcher.start();
		try {
			const n8n = await N8nServer.start({ ...options.n8n, ...(simulator.caFile === undefined ? {} : { caFile: simulator.caFile }) });
			const credentialTest = await createTenantCredential(n8n.client, simulator, options.requestLimits);
			await n8n.client.createCredential(credentialNames.mailServer, 'smtp', mailServer.credential);
			await mkdir(join(n8n.filesFolder, 'm365-backup-copy'), { recursive: true });
			return new Stage(simulator, n8n, mailServer, credentialTest);
		} catch (error) {
			await mailServer.stop();
			await simulator.stop();
			throw error;
		}
	}

	get repositoryFolder(): string {
		return join(this.n8n.filesFolder, 'm365-backup');
	}

	get copyFolder(): string {
		return join(this.n8n.filesFolder, 'm365-backup-copy');
	}

	/** Imports a workflow, or replaces the one with its id. */
	async put(workflow: WorkflowJson): Promise<void> {
		try {
			await this.n8n.client.importWorkflow(workflow);
		} catch (error) {
			if (!(error instanceof Error) || !error.message.includes('exists already')) {
				throw error;
			}
			await this.n8n.client.updateWorkflow(workflow.id, workflow);
		}
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
		await this.mailServer.stop();
		await this.simulator.stop();
	}
}
