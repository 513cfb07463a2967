import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TenantUser } from '../simulator/tenant';
import { backUpInThePast } from './harness/aged-repository';
import { ApprovalMail } from './harness/approval-mail';
import { chromiumPath, TestBrowser } from './harness/browser';
import type { Execution } from './harness/execution';
import { expiresQuickly } from './harness/quick-expiry';
import { FormVisitor } from './harness/form-visitor';
import type { CaughtMail } from './harness/mail-catcher';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { addPerson, type Person } from './harness/people';
import { setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const approver = 'approver@contoso.example';
/** About four seconds, in days. */
const soon = 0.00005;
const canvas: [string, boolean][] = [
	['as shipped', false],
	['with branches swapped on the canvas', true],
];

describe('prune-with-approval.json in a real n8n', () => {
	const file = 'prune-with-approval.json';
	let stage: Stage;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { http: true, users: 1, messages: 5 }, requestLimits: 'none', n8n: { env: expiresQuickly } });
		await backUpInThePast(stage.simulator, stage.repositoryFolder, { backups: 4, gapDays: 10 });
	});
	afterAll(async () => stage?.stop());
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	const files = async (ending: string): Promise<string[]> => (await readdir(stage.repositoryFolder, { recursive: true })).filter((name) => name.endsWith(ending)).sort();
	const snapshots = async (): Promise<string[]> => files('.snapshot.json');

	async function start(fields: Record<string, unknown>, swap = false): Promise<string> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Settings', { approver, daily: 2, weekly: 0, monthly: 0, yearly: 0, ...fields });
		const workflow = swap ? swapped(here) : here;
		await stage.put(workflow);
		return stage.n8n.client.start(workflow.id, 'Run by Hand');
	}
	const outcome = (): CaughtMail[] => stage.mailServer.mails.filter(({ html }) => html === '');

	it('asks nobody where there is nothing to remove, and says so', async () => {
		const run = await stage.n8n.client.finished(await start({ daily: -1 }));
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Ask')).toBe(false);
		expect(stage.mailServer.mails.map(({ subject, to }) => [subject, to])).toEqual([['Prune: nothing to remove', ['admin@example.com']]]);
	});

	it.each(canvas)('removes nothing when it is declined, or the link is only opened, and tells both: %s', async (_name, swap) => {
		const before = await snapshots();
		expect(before).toHaveLength(4);
		const id = await start({ customer: 'Contoso' }, swap);
		const question = await ApprovalMail.of(stage, id, approver);
		expect(question.mail.subject).toBe('Contoso: Prune: may 2 snapshots be removed?');
		expect(question.text).toContain(`${stage.simulator.tenant.users[0]!.userPrincipalName}: Would remove 2 of 4 snapshots`);
		expect(await question.open()).toContain('Remove old snapshots?');
		expect((await stage.n8n.client.execution(id)).status).toBe('waiting');
		expect((await question.decide('Keep everything', 'Anna Approver', 'Not before the audit')).status).toBe(200);
		const run = await stage.n8n.client.finished(id);
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Prune')).toBe(false);
		expect(await snapshots()).toEqual(before);
		const [mail, ...more] = outcome();
		expect(more).toEqual([]);
		expect(mail).toMatchObject({ subject: 'Contoso: Prune: declined, nothing removed', to: ['admin@example.com', approver] });
		expect(mail!.text).toMatch(/^Declined by Anna Approver\. Nothing was removed\.\s+Remark: Not before the audit/);
	});

	it('removes nothing when nobody answers in time, and the link is then of no use', async () => {
		const before = await snapshots();
		const id = await start({ approvalDays: soon });
		const question = await ApprovalMail.of(stage, id, approver);
		const run = await stage.n8n.client.finished(id);
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Prune')).toBe(false);
		expect(outcome().map(({ subject, to }) => [subject, to])).toEqual([['Prune: no answer, nothing removed', ['admin@example.com', approver]]]);
		await question.decide('Remove them', 'Too late');
		expect(stage.mailServer.mails).toHaveLength(2);
		expect(await snapshots()).toEqual(before);
	});

	it('removes nothing for an answer that is none of the two, or whose link somebody changed', async () => {
		const before = await snapshots();
		const id = await start({});
		const question = await ApprovalMail.of(stage, id, approver);
		const forged = new URL(question.link);
		forged.searchParams.set('signature', 'a'.repeat(64));
		expect((await fetch(forged, { method: 'POST', body: new FormData() })).ok).toBe(false);
		expect((await stage.n8n.client.execution(id)).status).toBe('waiting');
		await question.decide('Yes', 'Anna Approver');
		const run = await stage.n8n.client.finished(id);
		expect(run.runs.has('Prune')).toBe(false);
		expect(await snapshots()).toEqual(before);
		expect(outcome()[0]!.subject).toBe('Prune: declined, nothing removed');
	});

	it('asks nobody, removes nothing and ends in an error where the backups are damaged', async () => {
		const [archive] = await files('.archive-0001.zip');
		const path = join(stage.repositoryFolder, archive!);
		const whole = await readFile(path);
		await truncate(path, 100);
		try {
			const run = await stage.n8n.client.finished(await start({}));
			expect([run.status, run.lastNode]).toEqual(['error', 'Stop and Error']);
			expect(run.runs.has('Ask')).toBe(false);
			expect(outcome()[0]!.subject).toBe('Prune: needs attention');
			expect(outcome()[0]!.text).toContain('Nothing was removed, since the backups could not be proven to be undamaged.');
		} finally {
			await writeFile(path, whole);
		}
	});

	it('removes what the policy lets go once it is approved, and tells both', async () => {
		const before = await snapshots();
		const id = await start({}, true);
		const question = await ApprovalMail.of(stage, id, approver);
		expect((await question.decide('Remove them', 'Anna <b>Approver</b>')).status).toBe(200);
		const run = await stage.n8n.client.finished(id);
		expect(run.error).toBeUndefined();
		expect(await snapshots()).toEqual(before.slice(2));
		expect(outcome()).toHaveLength(1);
		expect(outcome()[0]).toMatchObject({ subject: 'Prune: approved and done', to: ['admin@example.com', approver] });
		expect(outcome()[0]!.text).toMatch(/^Approved by Anna <b>Approver<\/b>\./);
		expect(outcome()[0]!.text).toContain('Removed 2 of 4 snapshots');
	});
});

describe.skipIf(chromiumPath() === undefined)('cross-user-restore-with-approval.json in a real n8n', () => {
	const file = 'cross-user-restore-with-approval.json';
	/** n8n makes markup of entities in what it sends. */
	const entities = '&lt;a href="https://evil.example"&gt;Decide&lt;/a&gt;';
	const hostile = `Covenant ${entities} <img src=x onerror=alert(1)> {{ $env.HOME }} [x](https://evil.example)`;
	let stage: Stage;
	let browser: TestBrowser;
	let gone: TenantUser;
	let heir: TenantUser;
	let person: Person;
	let workflowId: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 3 }, requestLimits: 'none', n8n: { env: expiresQuickly } });
		[gone, heir] = stage.simulator.tenant.users.filter(({ mailbox }) => mailbox !== null) as [TenantUser, TenantUser];
		for (const subject of [hostile, 'Covenant with Fabrikam']) gone.mailbox!.addMime('inbox', `From: Boss <boss@example.com>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.length}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nText\r\n`);
		const backUp = chain('backUpOne', [ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(gone.userPrincipalName), repositoryFolder: stage.repositoryFolder })]);
		await stage.put(backUp);
		expect((await stage.n8n.client.run(backUp.id, 'Start')).error).toBeUndefined();
		person = await addPerson(stage.n8n, heir.userPrincipalName);
		browser = await TestBrowser.open();
	});
	afterAll(async () => {
		await browser?.close();
		await stage?.stop();
	});
	beforeEach(() => {
		stage.mailServer.mails.length = 0;
	});

	async function publish(fields: Record<string, unknown> = {}, swap = false): Promise<void> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		setFields(here, 'Settings', { approver, ...fields });
		const workflow = swap ? { ...swapped(here), id: here.id } : here;
		workflowId = workflow.id;
		await stage.put(workflow);
		await stage.n8n.client.activate(workflowId);
		await vi.waitFor(async () => expect((await fetch(`${stage.n8n.url}/form/restore-from-another-mailbox`, { redirect: 'manual' })).status).toBe(302), { timeout: 30_000, interval: 250 });
	}

	/** Somebody signs in, fills in the form and sends it. Returns the execution. */
	async function ask(values: Record<string, string> = {}): Promise<string> {
		const before = new Set((await stage.n8n.client.executions(workflowId)).map(({ id }) => id));
		const visitor = await FormVisitor.arrive(browser, `${stage.n8n.url}/form/restore-from-another-mailbox`);
		await visitor.signIn(person);
		await visitor.fill({ 'Out of the mailbox of': gone.userPrincipalName, 'Words in it': 'Covenant', 'Look for': 'Mail', 'Why do you need it?': `She left, I took over <b>Fabrikam</b> ${entities}`, ...values });
		await visitor.page.locator('#submit-btn').click();
		await visitor.page.getByText('Somebody decides about it now').waitFor({ timeout: 30_000 });
		expect(await visitor.text()).not.toContain('Fabrikam');
		await visitor.leave();
		const started = (await stage.n8n.client.executions(workflowId)).filter(({ id }) => !before.has(id));
		expect(started).toHaveLength(1);
		return started[0]!.id;
	}
	const finished = async (id: string): Promise<Execution> => stage.n8n.client.finished(id);
	const outcome = (): CaughtMail[] => stage.mailServer.mails.filter(({ html }) => html === '');
	const subjectsOf = async ({ mailbox }: TenantUser): Promise<string[]> => (await Promise.all([...mailbox!.allMessages()].map((message) => message.summary()))).map(({ subject }) => subject).sort();

	it('lets nobody in who is not signed in', async () => {
		await publish();
		expect((await fetch(`${stage.n8n.url}/form/restore-from-another-mailbox`, { method: 'POST', body: new FormData() })).status).toBe(401);
	});

	it.each(canvas)('does nothing when it is declined, and tells both: %s', async (_name, swap) => {
		await publish({}, swap);
		const before = [await subjectsOf(gone), await subjectsOf(heir)];
		const id = await ask();
		const question = await ApprovalMail.of(stage, id, approver);
		expect(question.mail.subject).toBe(`${heir.userPrincipalName} asks for items out of the mailbox of ${gone.userPrincipalName}`);
		expect(question.text).toContain('2 items would be restored:');
		expect(question.text).toContain('Covenant with Fabrikam');
		expect(question.text).toContain('She left, I took over ‹b›Fabrikam‹/b›');
		expect(question.mail.html).not.toContain('<img src=x');
		expect(question.mail.html).not.toContain('<a href="https://evil.example"');
		const page = await question.open();
		expect(page).toContain('Restore from one mailbox into another?');
		expect(page).not.toContain('<img src=x');
		expect(page).not.toContain('<a href="https://evil.example"');
		expect((await stage.n8n.client.execution(id)).status).toBe('waiting');
		await question.decide('Do nothing', 'Anna Approver', 'Ask her first');
		const run = await finished(id);
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Restore')).toBe(false);
		expect([await subjectsOf(gone), await subjectsOf(heir)]).toEqual(before);
		const [mail, ...more] = outcome();
		expect(more).toEqual([]);
		expect(mail).toMatchObject({ subject: `Restore out of the mailbox of ${gone.userPrincipalName}: declined`, to: [heir.userPrincipalName, approver] });
		expect(mail!.text).toContain('Declined by Anna Approver. Nothing was done.');
		expect(mail!.text).toContain('Remark: Ask her first');
		// What is in the other mailbox is not told to whom it was refused.
		expect(mail!.text).not.toContain('Fabrikam');
	});

	it('does nothing when nobody answers in time, and tells both', async () => {
		await publish({ approvalDays: soon });
		const before = await subjectsOf(heir);
		const run = await finished(await ask());
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Restore')).toBe(false);
		expect(await subjectsOf(heir)).toEqual(before);
		expect(outcome().map(({ subject, to }) => [subject, to])).toEqual([[`Restore out of the mailbox of ${gone.userPrincipalName}: no answer`, [heir.userPrincipalName, approver]]]);
		expect(outcome()[0]!.text).toContain('Nothing was done. Ask again if you still need it.');
		expect(outcome()[0]!.text).not.toContain('Fabrikam');
	});

	it('tells only the approver when nothing was found: who asks cannot find out what is there', async () => {
		await publish();
		const id = await ask({ 'Words in it': 'Nobody wrote this' });
		const question = await ApprovalMail.of(stage, id, approver);
		expect(question.text).toContain('Nothing in the backups fits. There is nothing to approve.');
		// Even an approval does nothing then.
		await question.decide('Restore them', 'Anna Approver');
		const run = await finished(id);
		expect(run.error).toBeUndefined();
		expect(run.runs.has('Restore')).toBe(false);
		expect(outcome()[0]!.text).not.toMatch(/found|fits/);
	});

	it('tells the approver what would not work, and asks nobody about what makes no sense', async () => {
		await publish();
		const id = await ask({ 'Into the mailbox of': 'nobody@contoso.example' });
		expect((await ApprovalMail.of(stage, id, approver)).text).toMatch(/It would not work: .*nobody@contoso\.example/);
		stage.mailServer.mails.length = 0;
		const run = await finished(await ask({ 'Into the mailbox of': gone.userPrincipalName }));
		expect(run.runs.has('Ask')).toBe(false);
		expect(outcome().map(({ subject, to }) => [subject, to])).toEqual([[`Restore out of the mailbox of ${gone.userPrincipalName}: not possible`, [heir.userPrincipalName]]]);
		expect(outcome()[0]!.text).toContain('Both mailboxes are the same.');
	});

	it('lets nobody approve a request of their own', async () => {
		await publish({ approver: heir.userPrincipalName.toUpperCase() });
		const run = await finished(await ask());
		expect(run.runs.has('Ask')).toBe(false);
		expect(outcome()[0]!.text).toContain('You are the approver yourself.');
	});

	it.each(canvas)('once it is approved, restores exactly that into a folder of its own, and tells both: %s', async (_name, swap) => {
		await publish({ customer: 'Contoso' }, swap);
		const before = await subjectsOf(heir);
		const approved = (await subjectsOf(gone)).filter((subject) => subject.includes('Covenant'));
		const id = await ask();
		const question = await ApprovalMail.of(stage, id, approver);
		for (const subject of approved) expect(question.text).toContain(subject.slice(0, 8));
		// What is backed up in the meantime was not approved.
		const late = `Covenant, too late ${swap ? 'again' : ''}`.trim();
		gone.mailbox!.addMime('inbox', `From: boss@example.com\r\nSubject: ${late}\r\nMessage-ID: <late-${String(swap)}@example.com>\r\n\r\nText\r\n`);
		expect((await stage.n8n.client.run('backUpOne', 'Start')).error).toBeUndefined();
		const original = await subjectsOf(gone);
		await question.decide('Restore them', 'Anna Approver');
		const run = await finished(id);
		expect(run.error).toBeUndefined();
		expect(approved.length).toBeGreaterThan(1);
		expect(new Set(await subjectsOf(heir))).toEqual(new Set([...before, ...approved]));
		expect(await subjectsOf(gone)).toEqual(original);
		expect([...heir.mailbox!.folders.values()].some(({ displayName }) => displayName.startsWith(`Restored from ${gone.userPrincipalName} `))).toBe(true);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		const [mail, ...more] = outcome();
		expect(more).toEqual([]);
		expect(mail).toMatchObject({ subject: `Contoso: Restore out of the mailbox of ${gone.userPrincipalName}: approved and done`, to: [heir.userPrincipalName, approver] });
		expect(mail!.text).toContain('Approved by Anna Approver.');
		expect(mail!.text).toContain('- Covenant with Fabrikam: ');
	});
});
