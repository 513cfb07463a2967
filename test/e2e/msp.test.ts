import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { microsoftCredentialType, tenantCredential } from './harness/credentials';
import { nodeRun } from './harness/execution';
import type { WorkflowJson } from './harness/n8n-client';
import { nodeNamed, ourNodeType } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const root = resolve(__dirname, '../..');
const contoso = 'Contoso';
const fabrikam = 'Fabrikam & Söhne';

interface Customer {
	name: string;
	tenant: RunningSimulator;
	folder: string;
	/** By file name. */
	workflows: Map<string, WorkflowJson>;
	toDo: string;
}

/** As somebody does who looks after two tenants in one n8n: clones the workflows, makes the credentials, imports, runs. */
describe('two customers in one real n8n', () => {
	let stage: Stage;
	let second: RunningSimulator;
	let out: string;
	let customers: Customer[];

	beforeAll(async () => {
		out = await mkdtemp(join(tmpdir(), 'm365-backup-customers-'));
		stage = await Stage.start({ simulator: { users: 2, messages: 6, files: 4, seed: 11 }, requestLimits: 'none' });
		second = await startSimulator({ users: 3, messages: 4, files: 4, seed: 22 });
		customers = [
			await cloned(contoso, stage.simulator, ['--mail-to', 'contoso@msp.example', '--alert', 'mail', '--keep-days', '30']),
			await cloned(fabrikam, second, ['--mail-to', 'fabrikam@msp.example', '--mail-from', 'backup@msp.example']),
		];
		const [first, other] = customers as [Customer, Customer];
		expect(first.tenant.tenantId).not.toBe(other.tenant.tenantId);
		// One by n8n's command line, as the list says; the other by the editor.
		const imported = await stage.n8n.cli(['import:workflow', '--separate', `--input=${first.folder}`]);
		expect(imported.output).toContain(`Successfully imported ${first.workflows.size} workflows`);
		expect(imported.exitCode).toBe(0);
		for (const workflow of other.workflows.values()) await stage.put(workflow);
	});
	afterAll(async () => {
		await stage?.stop();
		await second?.stop();
		await rm(out, { recursive: true, force: true });
	});
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	/** Runs the command, then makes the credentials that it lists as the customer's own. */
	async function cloned(name: string, tenant: RunningSimulator, options: string[]): Promise<Customer> {
		const folder = join(out, name);
		const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'clone-workflows', '--', '--customer', name, '--out', folder, ...options], { cwd: root, env: { ...process.env, PATH: `${resolve(process.execPath, '..')}:${process.env['PATH']}` } });
		const toDo = await readFile(join(folder, 'TO-DO.md'), 'utf8');
		expect(stdout).toContain(toDo);
		const [, microsoft] = /\*\*M365 Backup Microsoft API\*\* named `([^`]+)`/.exec(toDo) ?? [];
		await stage.n8n.client.createCredential(microsoft!, microsoftCredentialType, tenantCredential(tenant, 'none'));
		const workflows = new Map<string, WorkflowJson>();
		for (const file of (await readdir(folder)).filter((each) => each.endsWith('.json'))) {
			const workflow = JSON.parse(await readFile(join(folder, file), 'utf8')) as WorkflowJson;
			// What tests store is thrown away anyway, so it may lie inside a container.
			for (const node of workflow.nodes.filter(({ type, parameters }) => type === ourNodeType && parameters['operation'] === 'backUp')) node.parameters['options'] = { ...(node.parameters['options'] as object), useAnyway: true };
			await writeFile(join(folder, file), JSON.stringify(workflow));
			workflows.set(file, workflow);
		}
		return { name, tenant, folder, workflows, toDo };
	}

	/** Of every snapshot in a repository: whose it is. */
	async function snapshotsIn(repository: string): Promise<{ tenantId: string; name: string; workload: string }[]> {
		const files = (await readdir(repository, { recursive: true })).filter((file) => file.endsWith('.snapshot.json'));
		return Promise.all(files.map(async (file) => (JSON.parse(await readFile(join(repository, file), 'utf8')) as { source: { tenantId: string; name: string; workload: string } }).source));
	}

	const mailboxesOf = ({ tenant }: RunningSimulator): string[] => tenant.users.filter(({ mailbox }) => mailbox !== null).map(({ userPrincipalName }) => userPrincipalName);
	const drivesOf = ({ tenant }: RunningSimulator): string[] => tenant.users.filter(({ drive }) => drive !== null).map(({ userPrincipalName }) => userPrincipalName);
	const repositoryOf = (slug: string): string => join(stage.n8n.filesFolder, `m365-backup-${slug}`);

	it('are each backed up from their own tenant into their own repository, and each has its own mail', async () => {
		for (const { name, tenant, workflows } of customers) {
			const [mailboxes, drives] = [mailboxesOf(tenant).length, drivesOf(tenant).length];
			for (const [file, sources] of [['nightly-mailbox-backup.json', mailboxes], ['nightly-onedrive-backup.json', drives]] as const) {
				const run = await stage.n8n.client.run(workflows.get(file)!.id, 'Run by Hand');
				expect(run.error).toBeUndefined();
				expect(nodeRun(run, 'Back Up').items.map(({ json }) => json['status'])).toEqual(Array<string>(sources).fill('complete'));
			}
			expect(stage.mailServer.mails.map(({ subject }) => subject).slice(-2)).toEqual([`${name}: Mailbox backup: all fine (${mailboxes})`, `${name}: OneDrive backup: all fine (${drives})`]);
		}
		expect(stage.mailServer.mails.map(({ to }) => to)).toEqual([['contoso@msp.example'], ['contoso@msp.example'], ['fabrikam@msp.example'], ['fabrikam@msp.example']]);
		const folders = (await readdir(stage.n8n.filesFolder)).filter((name) => name.startsWith('m365-backup-') && name !== 'm365-backup-copy').sort();
		expect(folders).toEqual(['m365-backup-contoso', expect.stringMatching(/^m365-backup-fabrikam-sohne-[0-9a-f]{4}$/)]);
		for (const [index, folder] of folders.entries()) {
			const { tenant } = customers[index]!;
			const sources = await snapshotsIn(join(stage.n8n.filesFolder, folder));
			expect(new Set(sources.map(({ tenantId }) => tenantId))).toEqual(new Set([tenant.tenantId]));
			expect(sources.map(({ workload, name }) => `${workload} ${name}`).sort()).toEqual([...drivesOf(tenant).map((name) => `drive ${name} – OneDrive`), ...mailboxesOf(tenant).map((name) => `mailbox ${name}`)].sort());
		}
		for (const { tenant } of customers) expect([tenant.tenant.outbox, tenant.misses]).toEqual([[], []]);
	});

	it('are pruned by their own policy: the other one is neither seen nor asked about', async () => {
		const run = await stage.n8n.client.run(customers[0]!.workflows.get('nightly-prune.json')!.id, 'Run by Hand');
		expect(run.error).toBeUndefined();
		const plan = nodeRun(run, 'Preview').items.map(({ json }) => json['name']);
		expect(plan).toHaveLength(mailboxesOf(stage.simulator).length + drivesOf(stage.simulator).length);
		expect(nodeNamed(await stage.n8n.client.workflow(customers[0]!.workflows.get('nightly-prune.json')!.id), 'Settings').parameters).toMatchObject({ assignments: { assignments: expect.arrayContaining([expect.objectContaining({ name: 'keepDays', value: 30 })]) } });
		expect(stage.mailServer.mails.map(({ subject, to }) => [subject, to])).toEqual([[`${contoso}: Nightly prune: all fine`, ['contoso@msp.example']]]);
	});

	it('find their credentials by name, each its own', async () => {
		for (const { name, workflows } of customers) {
			const { nodes } = await stage.n8n.client.workflow(workflows.get('nightly-mailbox-backup.json')!.id);
			const used = nodes.flatMap(({ credentials }) => Object.values(credentials ?? {}));
			for (const { id } of used) expect(id).toEqual(expect.stringMatching(/./));
			expect(new Set(used.map((each) => each.name))).toEqual(new Set([`${name} – M365 Backup Microsoft`, 'Mail server']));
		}
	});

	it('call their own alert workflow when something fails', async () => {
		const { client } = stage.n8n;
		const [{ workflows }] = customers as [Customer];
		const alert = workflows.get('alert-by-mail.json')!;
		const nightly = await client.workflow(workflows.get('nightly-mailbox-backup.json')!.id);
		expect(nightly.settings).toMatchObject({ errorWorkflow: alert.id });
		expect(customers[1]!.workflows.has('alert-by-mail.json')).toBe(false);
		await client.activate(alert.id);
		const mailbox = stage.simulator.tenant.users[0]!.mailbox!;
		mailbox.isForbidden = true;
		nodeNamed(nightly, 'Every Night').parameters = { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } };
		await client.updateWorkflow(nightly.id, nightly);
		await client.activate(nightly.id);
		try {
			await vi.waitFor(() => expect(stage.mailServer.mails.map(({ text }) => text)).toContainEqual(expect.stringContaining(`Workflow: ${contoso} – M365 nightly mailbox backup`)), { timeout: 60_000, interval: 200 });
		} finally {
			await client.deactivate(nightly.id);
			// What its schedule has started meanwhile ends, and tells of it, before the next test.
			await vi.waitFor(async () => {
				const [backups, alerts] = (await Promise.all([nightly, alert].map(async ({ id }) => client.executions(id)))).map((all) => all.map(({ status }) => status)) as [string[], string[]];
				expect(new Set([...backups, ...alerts])).toEqual(new Set(['success', 'error']));
				expect(alerts).toHaveLength(backups.filter((status) => status === 'error').length);
			}, { timeout: 120_000, interval: 200 });
			mailbox.isForbidden = false;
		}
		const mail = stage.mailServer.mails.find(({ text }) => text.includes('Workflow: '))!;
		expect(mail.subject).toBe(`${contoso}: Mailbox backup: 1 of 2 need attention`);
		expect(mail.to).toEqual(['contoso@msp.example']);
	});

	it('call their own sub-workflows, which find the repository that is theirs', async () => {
		const { client } = stage.n8n;
		const { name, tenant, workflows } = customers[1]!;
		for (const customer of customers) await client.activate(customer.workflows.get('tenant-backup-one-source.json')!.id);
		const run = await client.run(workflows.get('tenant-backup.json')!.id, 'Run by Hand');
		expect(run.error).toBeUndefined();
		const sources = mailboxesOf(tenant).length + drivesOf(tenant).length;
		const calls = await Promise.all(customers.map(async (customer) => client.executions(customer.workflows.get('tenant-backup-one-source.json')!.id)));
		expect(calls[0]).toEqual([]);
		expect(calls[1]!.length).toBeGreaterThanOrEqual(sources);
		expect(stage.mailServer.mails.map(({ to }) => to)).toEqual([['fabrikam@msp.example']]);
		expect(stage.mailServer.mails[0]!.subject.startsWith(`${name}: `)).toBe(true);
		const folders = (await readdir(stage.n8n.filesFolder)).filter((folder) => folder.startsWith('m365-backup-fabrikam'));
		expect(folders).toHaveLength(1);
		for (const { tenantId } of await snapshotsIn(join(stage.n8n.filesFolder, folders[0]!))) expect(tenantId).toBe(tenant.tenantId);
	});

	it('are replaced, not doubled, when their workflows are cloned and imported again', async () => {
		const [{ folder, workflows }] = customers as [Customer];
		await promisify(execFile)('npm', ['run', '--silent', 'clone-workflows', '--', '--customer', contoso, '--out', folder, '--mail-to', 'new@msp.example', '--alert', 'mail', '--force'], { cwd: root, env: { ...process.env, PATH: `${resolve(process.execPath, '..')}:${process.env['PATH']}` } });
		expect((await stage.n8n.cli(['import:workflow', '--separate', `--input=${folder}`])).exitCode).toBe(0);
		const list = await stage.n8n.client.request<{ name: string }[] | { data: { name: string }[] }>('GET', '/workflows?take=200');
		const names = (Array.isArray(list) ? list : list.data).map(({ name }) => name).filter((name) => name.startsWith(`${contoso} – `));
		expect(names).toHaveLength(workflows.size);
		expect(new Set(names).size).toBe(workflows.size);
		const settings = JSON.stringify(nodeNamed(await stage.n8n.client.workflow(workflows.get('nightly-mailbox-backup.json')!.id), 'Settings').parameters);
		expect(settings).toContain('new@msp.example');
	});

	it.each(['by the command line', 'by the editor'])("never use another customer's credential where their own is missing, imported %s", async (way) => {
		const folder = join(out, way);
		await promisify(execFile)('npm', ['run', '--silent', 'clone-workflows', '--', '--customer', `Nobody yet, ${way}`, '--out', folder, '--only', 'nightly-mailbox-backup'], { cwd: root, env: { ...process.env, PATH: `${resolve(process.execPath, '..')}:${process.env['PATH']}` } });
		const workflow = JSON.parse(await readFile(join(folder, 'nightly-mailbox-backup.json'), 'utf8')) as WorkflowJson;
		if (way === 'by the editor') await stage.put(workflow);
		else expect((await stage.n8n.cli(['import:workflow', '--separate', `--input=${folder}`])).exitCode).toBe(0);
		const { nodes } = await stage.n8n.client.workflow(workflow.id);
		const missing = nodes.flatMap(({ credentials }) => credentials?.[microsoftCredentialType] ?? []);
		expect(missing).toEqual(Array(2).fill({ id: null, name: `Nobody yet, ${way} – M365 Backup Microsoft` }));
		const requests = (): number[] => [stage.simulator, second].map(({ requestLog }) => requestLog.calls);
		const before = requests();
		const run = await stage.n8n.client.run(workflow.id, 'Run by Hand').catch((error: unknown) => String(error));
		expect(typeof run === 'string' ? run : `${run.status} ${JSON.stringify([...run.runs.values()])} ${String(run.error?.message)}`).toMatch(/credential/i);
		expect(requests()).toEqual(before);
	});

	it('put nothing anywhere else', async () => {
		expect(await readdir(stage.repositoryFolder).catch(() => 'nothing')).toBe('nothing');
		expect(await snapshotsIn(repositoryOf('contoso'))).toHaveLength(mailboxesOf(stage.simulator).length + drivesOf(stage.simulator).length);
	});
});
