import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneSet, type ClonedSet } from '../../../workflows/clone/clone-set';
import { FreshIds } from '../../../workflows/clone/fresh-ids';
import { readCommand } from '../../../workflows/clone/options';
import { toDo } from '../../../workflows/clone/to-do';
import type { NodeJson, WorkflowJson } from '../../../workflows/clone/workflow-json';

const folder = resolve(__dirname, '../../../workflows');
const shipped = new Map(
	readdirSync(folder)
		.filter((name) => name.endsWith('.json'))
		.sort()
		.map((name) => [name.replace(/\.json$/, ''), JSON.parse(readFileSync(join(folder, name), 'utf8')) as WorkflowJson]),
);

function clone(args: string[] = [], seed = 'seed', from = shipped): ClonedSet {
	const customer = args.includes('--customer') ? [] : ['--customer', 'Contoso'];
	return cloneSet(from, readCommand([...customer, ...args]), new FreshIds(seed));
}

const nodeOf = (workflow: WorkflowJson | undefined, name: string): NodeJson => workflow!.nodes.find((node) => node.name === name)!;
const working = (workflow: WorkflowJson): NodeJson[] => workflow.nodes.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote');
const fieldsOf = (workflow: WorkflowJson | undefined, node = 'Settings'): Record<string, unknown> =>
	Object.fromEntries((nodeOf(workflow, node).parameters['assignments'] as unknown as { assignments: { name: string; value: unknown }[] }).assignments.map(({ name, value }) => [name, value]));

describe('a cloned set', () => {
	it('is the same for the same seed, and has no id in common with what is shipped or with another seed', () => {
		const idsOf = (workflows: Iterable<WorkflowJson>): string[] => [...workflows].flatMap(({ id, nodes }) => [id, ...nodes.flatMap((node) => [node.id, node.webhookId ?? []].flat())]);
		const [one, same, other] = [clone(), clone(), clone([], 'other')];
		expect(same).toEqual(one);
		const lists = [idsOf(one.workflows.values()), idsOf(other.workflows.values()), idsOf(shipped.values())];
		for (const ids of lists) expect(new Set(ids).size).toBe(ids.length);
		expect(new Set(lists.flat()).size).toBe(lists.flat().length);
		for (const { id } of one.workflows.values()) expect(id).toMatch(/^[A-Za-z0-9]{16}$/);
	});

	it('bears the customer in the name of every workflow, and is not active', () => {
		for (const [file, workflow] of clone().workflows) {
			expect(workflow).toMatchObject({ name: `Contoso – ${shipped.get(file)!.name}`, active: false });
			expect(workflow.name.length).toBeLessThanOrEqual(128);
		}
	});

	it.each(['Contoso', 'A. Müller & Söhne, 株式会社', 'x'.repeat(60)])('shares no place, form or credential of its own with another customer: %s', (customer) => {
		const [one, other] = [clone(['--customer', customer, '--own-channels']), clone(['--customer', 'Fabrikam', '--own-channels'])];
		const places = ({ workflows }: ClonedSet): string[] => [...new Set([...workflows.values()].flatMap((workflow) => JSON.stringify(working(workflow).map(({ parameters }) => parameters)).match(/[\w~/.-]*m365-backup[\w/.-]*/g) ?? []))];
		expect(places(one).length).toBeGreaterThan(1);
		expect(places(one).filter((place) => places(other).includes(place))).toEqual([]);
		const names = (set: ClonedSet): string[] => set.credentials.map(({ name }) => name);
		expect(names(one).filter((name) => names(other).includes(name))).toEqual([]);
		const forms = (set: ClonedSet): unknown[] => [...set.workflows.values()].flatMap(({ nodes }) => nodes).flatMap(({ parameters }) => (parameters['options'] as { path?: string } | undefined)?.path ?? []);
		expect(forms(one).length).toBeGreaterThan(0);
		expect(forms(one).filter((path) => forms(other).includes(path))).toEqual([]);
	});

	it('says the same in the notes as in the nodes about the address of a form', () => {
		const form = clone().workflows.get('give-me-back-what-i-deleted')!;
		expect((nodeOf(form, 'Form').parameters['options'] as { path: string }).path).toBe('contoso-give-me-back');
		expect(nodeOf(form, 'Note 1').parameters['content']).toContain('…/form/contoso-give-me-back');
	});

	it('changes nothing else: a node does what it did', () => {
		const { workflows } = clone(['--at', '02:00']);
		for (const [file, workflow] of workflows) {
			const before = shipped.get(file)!;
			expect(workflow['connections']).toEqual(before['connections']);
			expect(workflow.nodes.map(({ name, type, parameters }) => [name, type, Object.keys(parameters).sort()])).toEqual(before.nodes.map(({ name, type, parameters }) => [name, type, Object.keys(parameters).sort()]));
		}
	});

	it('uses one repository in all its nodes', () => {
		for (const [file, workflow] of clone(['--repository', '/srv/contoso/']).workflows) {
			for (const { name, parameters } of working(workflow).filter((node) => 'repositoryType' in node.parameters)) {
				const given = parameters['repositoryFolder'] as string;
				// A sub-workflow gets it from the workflow that calls it.
				if (given.startsWith('=') && !given.includes("$('Settings')")) continue;
				const value = given.startsWith('=') ? fieldsOf(workflow)['repositoryFolder'] : given;
				expect([file, name, value]).toEqual([file, name, '/srv/contoso']);
			}
		}
	});

	it.each([
		['s3://contoso-backup/m365', { repositoryType: 's3Bucket', repositoryBucket: 'contoso-backup' }, 'repositoryBucketFolder', 'm365BackupS3Api', 'Contoso – M365 Backup S3'],
		['azure://contoso-backup/m365', { repositoryType: 'azureBlob', repositoryContainer: 'contoso-backup' }, 'repositoryContainerFolder', 'm365BackupAzureBlobApi', 'Contoso – M365 Backup Azure Blob'],
	])('goes to %s with a credential that is listed', (place, parameters, folderName, type, name) => {
		const { workflows, credentials } = clone(['--repository', place]);
		const backUp = nodeOf(workflows.get('nightly-mailbox-backup'), 'Back Up');
		expect(backUp.parameters).toMatchObject({ ...parameters, [folderName]: "={{ $('Settings').first().json.repositoryFolder }}" });
		expect(backUp.parameters).not.toHaveProperty('repositoryFolder');
		expect(backUp.credentials).toEqual({ m365BackupMicrosoftApi: { id: null, name: 'Contoso – M365 Backup Microsoft' }, [type]: { id: null, name } });
		expect(fieldsOf(workflows.get('nightly-mailbox-backup'))['repositoryFolder']).toBe('m365');
		expect(nodeOf(workflows.get('restore-messages-by-search'), 'Restore').parameters[folderName]).toBe('m365');
		expect(credentials).toContainEqual(expect.objectContaining({ type, name, isShared: false }));
	});

	it('has retention, recipients and customer where the nodes read them', () => {
		const { workflows } = clone(['--keep-days', '90', '--mail-to', 'a@msp.example,b@msp.example', '--mail-from', 'backup@msp.example']);
		const mail = { customer: 'Contoso', mailFrom: 'backup@msp.example', mailTo: 'a@msp.example, b@msp.example', repositoryFolder: '~/.n8n-files/m365-backup-contoso' };
		for (const file of ['nightly-mailbox-backup', 'nightly-onedrive-backup', 'nightly-site-backup', 'monthly-restore-drill']) expect(fieldsOf(workflows.get(file))).toEqual(mail);
		for (const file of ['nightly-prune', 'prune-and-verify']) expect(fieldsOf(workflows.get(file))).toEqual({ ...mail, keepDays: 90, daily: 0, weekly: 0, monthly: 0, yearly: 0, approved: false });
		for (const [file, workflow] of workflows) {
			for (const { name, parameters } of workflow.nodes.filter(({ type }) => type === 'n8n-nodes-base.emailSend')) {
				const to = parameters['toEmail'] as string;
				expect([file, name, to.startsWith('=') || to === mail.mailTo]).toEqual([file, name, true]);
			}
		}
	});

	it('keeps what nobody asked to change', () => {
		expect(fieldsOf(clone().workflows.get('nightly-prune'))).toMatchObject({ mailTo: 'admin@example.com', keepDays: 0, daily: 14, weekly: 8, monthly: 24, yearly: 10 });
	});

	it('moves all schedules by the same distance, and each customer to a minute of its own', () => {
		const time = (set: ClonedSet, file: string): unknown => {
			const { parameters } = set.workflows.get(file)!.nodes.find(({ type }) => type === 'n8n-nodes-base.scheduleTrigger')!;
			const [{ triggerAtHour, triggerAtMinute }] = (parameters['rule'] as unknown as { interval: [{ triggerAtHour?: number; triggerAtMinute: number }] }).interval;
			return [triggerAtHour, triggerAtMinute];
		};
		const evening = clone(['--at', '22:30']);
		expect(['nightly-mailbox-backup', 'nightly-onedrive-backup', 'nightly-site-backup', 'nightly-prune'].map((file) => time(evening, file))).toEqual([[22, 30], [23, 30], [0, 30], [1, 30]]);
		const minutes = Array.from({ length: 20 }, (_, index) => (time(clone(['--customer', `Customer ${index}`, '--only', 'nightly-mailbox-backup']), 'nightly-mailbox-backup') as [number, number])[1]);
		expect(new Set(minutes).size).toBeGreaterThan(8);
		expect(time(clone(), 'nightly-mailbox-backup')).toEqual([2, expect.any(Number)]);
	});

	it('calls its own alert workflow, and brings no other', () => {
		const { workflows } = clone(['--alert', 'slack', '--channel', '#contoso', '--only', 'nightly-mailbox-backup,nightly-prune']);
		expect([...workflows.keys()]).toEqual(['alert-by-slack', 'nightly-mailbox-backup', 'nightly-prune']);
		const alert = workflows.get('alert-by-slack')!;
		expect(workflows.get('nightly-prune')!.settings).toMatchObject({ errorWorkflow: alert.id });
		expect(alert.settings).not.toHaveProperty('errorWorkflow');
		expect(fieldsOf(alert)).toEqual({ customer: 'Contoso', channel: '#contoso' });
		expect([...clone().workflows.keys()].filter((file) => file.startsWith('alert-by-'))).toEqual([]);
	});

	it('leads calls of other workflows to its own ones, and brings those along', () => {
		const caller: WorkflowJson = {
			id: 'callerShipped',
			name: 'Caller',
			settings: { errorWorkflow: 'm365AlertMail', callerIds: 'callerShipped, m365NightlyPrune' },
			nodes: [
				{ id: '1', name: 'Call', type: 'n8n-nodes-base.executeWorkflow', parameters: { workflowId: { __rl: true, mode: 'list', value: 'm365NightlySite', cachedResultName: 'M365 nightly site backup', cachedResultUrl: '/workflow/m365NightlySite' } } },
				{ id: '2', name: 'Expression', type: 'n8n-nodes-base.executeWorkflow', parameters: { workflowId: { __rl: true, mode: 'id', value: "={{ $json.site ? 'm365NightlySite' : 'm365NightlyMailboxX' }}" } } },
			],
		};
		const { workflows, broughtAlong } = clone(['--only', 'caller'], 'seed', new Map([...shipped, ['caller', caller]]));
		expect([...workflows.keys()]).toEqual(['alert-by-mail', 'caller', 'nightly-prune', 'nightly-site-backup']);
		expect(broughtAlong.sort()).toEqual(['alert-by-mail', 'nightly-prune', 'nightly-site-backup']);
		const made = workflows.get('caller')!;
		const site = workflows.get('nightly-site-backup')!.id;
		expect(made.nodes[0]!.parameters).toEqual({ workflowId: { __rl: true, mode: 'list', value: site, cachedResultName: 'Contoso – M365 nightly site backup', cachedResultUrl: `/workflow/${site}` } });
		expect(made.nodes[1]!.parameters['workflowId']).toMatchObject({ value: `={{ $json.site ? '${site}' : 'm365NightlyMailboxX' }}` });
		expect(made.settings).toEqual({ errorWorkflow: workflows.get('alert-by-mail')!.id, callerIds: `${made.id}, ${workflows.get('nightly-prune')!.id}` });
	});

	it('leaves no reference to a shipped workflow behind', () => {
		const ids = [...shipped.values()].map(({ id }) => id);
		for (const [file, workflow] of clone(['--alert', 'mail']).workflows) {
			const text = JSON.stringify([workflow.settings, working(workflow)]);
			expect([file, ids.filter((id) => text.includes(id))]).toEqual([file, []]);
		}
	});

	it("lets n8n's import find credentials by name alone: without an id of null it takes any of the type", () => {
		const all = [...clone(['--alert', 'slack']).workflows.values()].flatMap(({ nodes }) => nodes).flatMap(({ credentials }) => Object.values(credentials ?? {}));
		expect(all.length).toBeGreaterThan(10);
		for (const credential of all) expect(credential).toEqual({ id: null, name: expect.any(String) });
	});

	it('lists the credentials to make, and those that all customers share', () => {
		const command = readCommand(['--customer', 'Contoso', '--alert', 'teams', '--only', 'nightly-mailbox-backup']);
		const set = cloneSet(shipped, command, new FreshIds('seed'));
		expect(set.credentials.map(({ title, name, isShared }) => [title, name, isShared])).toEqual([
			['M365 Backup Microsoft API', 'Contoso – M365 Backup Microsoft', false],
			['Query Auth', 'Teams webhook', true],
			['SMTP', 'Mail server', true],
		]);
		const text = toDo(set, command, '/somewhere/contoso');
		for (const { title, name } of set.credentials) expect(text).toContain(`**${title}** named \`${name}\``);
		expect(text).toContain('n8n import:workflow --separate --input=/somewhere/contoso');
		expect(text).toContain('admin@example.com');
		expect(text).toMatch(/Publish first\*\* what others call, .*: Contoso – M365 alert by Teams\./);
	});
});
