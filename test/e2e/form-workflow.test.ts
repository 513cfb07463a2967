import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Mailbox } from '../simulator/mailbox';
import { chromiumPath, TestBrowser } from './harness/browser';
import { FormVisitor, withField, withValue } from './harness/form-visitor';
import { chain, ourNode, pick, swapped } from './harness/our-node';
import { addPerson, type Person } from './harness/people';
import { nodeNamed, setFields, workflowForHere } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const file = 'give-me-back-what-i-deleted.json';
const hostile = `<img src=x onerror=alert(1)> "Rechnung" 'Ä' {{ $env.HOME }} \${7*7} $& $' \\n \u202Eexe.gpj`;
const long = `Very long ${'and longer '.repeat(40)}`;

const mime = (subject: string, id: string): string =>
	`From: =?utf-8?B?${Buffer.from('"<b>Boss</b>"').toString('base64')}?= <boss@example.com>\r\nTo: a@example.com\r\nSubject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\r\nMessage-ID: <${id}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nText of ${id}\r\n`;

/** The form in a real browser, in front of a real n8n. */
describe.skipIf(chromiumPath() === undefined)('give-me-back-what-i-deleted.json in a real n8n', () => {
	let stage: Stage;
	let browser: TestBrowser;
	let anna: { mailbox: Mailbox; person: Person };
	let bruno: { mailbox: Mailbox; person: Person };
	let stranger: Person;
	let url: string;

	beforeAll(async () => {
		stage = await Stage.start({ simulator: { users: 2, messages: 5 } });
		const [first, second] = stage.simulator.tenant.users.filter((user) => user.mailbox !== null);
		anna = { mailbox: first!.mailbox!, person: await addPerson(stage.n8n, first!.userPrincipalName) };
		bruno = { mailbox: second!.mailbox!, person: await addPerson(stage.n8n, second!.userPrincipalName) };
		stranger = await addPerson(stage.n8n, 'stranger@elsewhere.example');
		const { mailbox } = anna;
		const lost = [
			mailbox.addMime('inbox', mime(hostile, 'hostile')),
			mailbox.addMime('inbox', mime(long, 'long')),
			mailbox.addMime('inbox', mime('Twins', 'twin1')),
			mailbox.addMime('inbox', mime('Twins', 'twin2')),
			mailbox.addMime('inbox', mime('Kept for later', 'later')),
		];
		const event = mailbox.calendar.addEvent(mailbox.calendar.default, {
			subject: 'Dentist',
			start: { dateTime: '2026-12-01T10:00:00', timeZone: 'UTC' },
			end: { dateTime: '2026-12-01T11:00:00', timeZone: 'UTC' },
		});
		const contact = mailbox.contacts.add('default', { displayName: 'Carla Cruz', emailAddresses: [{ address: 'carla@example.com' }] });
		const task = mailbox.todo.add(mailbox.todo.defaultList, { title: 'Water the flowers' });
		const secret = bruno.mailbox.addMime('inbox', mime('Secret of Bruno', 'secret'));
		await backUp();
		for (const message of lost) mailbox.purge(message);
		mailbox.calendar.purgeEvent(event);
		mailbox.contacts.purge(contact);
		mailbox.todo.delete(task);
		bruno.mailbox.purge(secret);
		await backUp();
		browser = await TestBrowser.open();
		await publish();
		url = `${stage.n8n.url}/form/give-me-back`;
	});
	afterAll(async () => {
		await browser?.close();
		await stage?.stop();
	});

	async function backUp(): Promise<void> {
		const users = stage.simulator.tenant.users.filter((user) => user.mailbox !== null);
		for (const { userPrincipalName } of users) {
			const workflow = chain('backUpOne', [ourNode('Back Up', 'mailbox/backUp', { mailbox: pick(userPrincipalName), repositoryFolder: stage.repositoryFolder })]);
			await stage.put(workflow);
			const run = await stage.n8n.client.run(workflow.id, 'Start');
			expect(run.error).toBeUndefined();
		}
	}

	async function publish(change: (workflow: Awaited<ReturnType<typeof workflowForHere>>) => void = () => undefined, swap = false): Promise<void> {
		const here = await workflowForHere(file, stage.n8n.filesFolder);
		change(here);
		const workflow = swap ? { ...swapped(here), id: here.id } : here;
		await stage.put(workflow);
		await stage.n8n.client.activate(workflow.id);
		const answers = async (): Promise<void> => expect((await fetch(`${stage.n8n.url}/form/give-me-back`, { redirect: 'manual' })).status).toBe(302);
		await vi.waitFor(answers, { timeout: 30_000, interval: 250 });
	}

	async function visit(person: Person, query = ''): Promise<FormVisitor> {
		const visitor = await FormVisitor.arrive(browser, `${url}${query}`);
		await visitor.signIn(person);
		return visitor;
	}

	const subjects = async (mailbox: Mailbox): Promise<string[]> => {
		const summaries = await Promise.all([...mailbox.folder('inbox').messages()].map((message) => message.summary()));
		return summaries.map(({ subject }) => subject);
	};

	it('shows nothing to somebody who is not signed in', async () => {
		const visitor = await FormVisitor.arrive(browser, url);
		await visitor.page.waitForURL((at) => at.pathname === '/signin');
		expect(await visitor.page.locator('#submit-btn').count()).toBe(0);
		const body = new FormData();
		body.set('field-0', '');
		body.set('field-1', '2026-01-01');
		expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
		await visitor.leave();
	});

	it('finds what is gone, each thing recognisable, however its name was chosen', async () => {
		const visitor = await visit(anna.person);
		await visitor.fill({ 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await visitor.submit();
		const choices = await visitor.choices();
		expect(choices).toHaveLength(8);
		const all = choices.join('\n');
		expect(all).toContain(`‹img src=x onerror=alert(1)› "Rechnung" 'Ä' {{ $env.HOME }} \${7*7} $& $' \\n exe.gpj`);
		expect(all).toMatch(/Mail · Very long [^\n]{80,100}… · ‹b›Boss‹\/b›|Mail · Very long [^\n]{80,100}… · boss@example\.com/);
		expect(all).toMatch(/Appointment · Dentist · .*2026-12-01 10:00 · Calendars\/Calendar · gone since 20/);
		expect(all).toMatch(/Contact · Carla Cruz · carla@example\.com · /);
		expect(all).toMatch(/Task · Water the flowers · /);
		expect(choices.filter((choice) => choice.includes('· Twins ·'))).toHaveLength(2);
		expect(new Set(choices).size).toBe(8);
		expect(all).not.toContain('Bruno');
		expect(visitor.dialogs).toEqual([]);

		for (const part of ['Rechnung', 'Very long', 'Dentist', 'Carla Cruz', 'Water the flowers']) await visitor.tick(part);
		await visitor.tick('Twins');
		await visitor.submit();
		const answer = await visitor.text();
		expect(answer).toContain('All 6 are back');
		expect(answer).toContain('<img src=x onerror=alert(1)> "Rechnung"');
		expect(answer).toContain('Carla Cruz (Contacts/Contacts');
		expect(visitor.dialogs).toEqual([]);
		await visitor.leave();

		const inbox = await subjects(anna.mailbox);
		expect(inbox).toContain(hostile);
		expect(inbox.filter((subject) => subject === 'Twins')).toHaveLength(1);
		expect(inbox).not.toContain('Kept for later');
		expect(anna.mailbox.calendar.events().map((event) => event.state['subject'])).toContain('Dentist');
		expect(anna.mailbox.contacts.living().map(({ properties }) => properties['displayName'])).toContain('Carla Cruz');
		expect(anna.mailbox.todo.allTasks().map(({ title }) => title)).toContain('Water the flowers');
		expect(stage.simulator.tenant.outbox).toEqual([]);
	});

	it('looks for words and one kind', async () => {
		const visitor = await visit(anna.person);
		await visitor.fill({ 'Words in it': 'twins', 'Deleted since': '2026-01-01', 'Look for': 'Mail' });
		await visitor.submit();
		expect((await visitor.choices()).every((choice) => choice.includes('Mail · Twins'))).toBe(true);
		await visitor.leave();
	});

	it('never reaches another mailbox, whatever the address and the browser say', async () => {
		const before = await subjects(bruno.mailbox);
		const { email, id } = bruno.person;
		const visitor = await visit(anna.person, `?mailbox=${email}&user=${id}&email=${email}&source=${email}&formQueryParameters=x`);
		await visitor.fill({ 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		let tampered = 0;
		await visitor.tamper((body, request) => {
			tampered += 1;
			const more = ['mailbox', 'user', 'user[email]', 'email', 'source', 'field-3', 'field-4'].reduce((all, name) => withField(all, name, email), body);
			if (!request.url().includes('form-waiting')) return more;
			return withValue(more, 'field-0', JSON.stringify(['1. x', '999. x', '0', '-1', 'constructor', '__proto__', { number: 1 }, null, 'mail/AAAA']));
		});
		await visitor.submit();
		expect((await visitor.choices()).join('\n')).not.toContain('Bruno');
		await visitor.tick('Twins');
		await visitor.submit();
		expect(tampered).toBe(2);
		expect(await visitor.text()).toContain('It is back');
		expect(await visitor.text()).not.toContain('Bruno');
		expect(await subjects(bruno.mailbox)).toEqual(before);
		await visitor.leave();
	});

	it('does not show or take another person’s findings', async () => {
		const visitor = await visit(anna.person);
		await visitor.fill({ 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await visitor.submit();
		const waiting = new URL(visitor.page.url());
		expect(waiting.pathname).toContain('form-waiting');
		const other = await visit(bruno.person);
		await other.page.goto(`${waiting.origin}${waiting.pathname}`);
		expect(await other.choices()).toEqual([]);
		expect(await other.text()).not.toContain('Kept for later');

		// Even with the whole address, which nobody else gets to know, what another person ticks is not taken.
		await other.page.goto(visitor.pageAddress);
		await other.tick('Kept for later');
		await other.submit();
		expect(await other.text()).toContain('Nothing was chosen');
		expect(await subjects(anna.mailbox)).not.toContain('Kept for later');
		await visitor.leave();
		await other.leave();
	});

	it('says so when nothing is found, and when there is no backup, without naming others', async () => {
		const visitor = await visit(anna.person);
		await visitor.fill({ 'Words in it': 'no such thing', 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await visitor.submit();
		expect(await visitor.text()).toContain('Nothing was found');
		await visitor.leave();

		const alien = await visit(stranger);
		await alien.fill({ 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await alien.submit();
		const answer = await alien.text();
		expect(answer).toContain('There is no backup of stranger@elsewhere.example');
		expect(answer).not.toContain('contoso');
		await alien.leave();
	});

	it('tells when the restore is refused', async () => {
		const { roles } = stage.simulator.tenant;
		roles.revoke('Mail.ReadWrite');
		roles.grant('Mail.Read');
		stage.simulator.tenant.tokens.expireAll();
		try {
			const visitor = await visit(anna.person);
			await visitor.fill({ 'Words in it': 'Kept for later', 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
			await visitor.submit();
			await visitor.tick('Kept for later');
			await visitor.submit();
			expect(await visitor.text()).toContain('Nothing could be brought back');
			await visitor.leave();
		} finally {
			roles.grant('Mail.ReadWrite');
			stage.simulator.tenant.tokens.expireAll();
		}
	});

	it('lets only listed people in where there is a list, each to the mailbox it says', async () => {
		await publish((workflow) => setFields(workflow, 'People', { mailboxes: JSON.stringify({ [stranger.id]: anna.person.email }) }));
		const listed = await visit(stranger);
		await listed.fill({ 'Words in it': 'Kept for later', 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await listed.submit();
		expect(await listed.choices()).toHaveLength(1);
		await listed.leave();
		const unlisted = await visit(bruno.person);
		await unlisted.fill({ 'Deleted since': '2026-01-01', 'Look for': 'Everything' });
		await unlisted.submit();
		expect(await unlisted.text()).toContain(`its number is ${bruno.person.id}`);
		await unlisted.leave();
	});

	it('works with branches swapped on the canvas, and says what is there already', async () => {
		await publish(undefined, true);
		for (const said of ['It is back', 'There already']) {
			const visitor = await visit(anna.person);
			await visitor.fill({ 'Words in it': 'Kept for later', 'Deleted since': '2026-01-01', 'Look for': 'Mail' });
			await visitor.submit();
			await visitor.tick('Kept for later');
			await visitor.submit();
			expect(await visitor.text()).toContain(said);
			await visitor.leave();
		}
		expect((await subjects(anna.mailbox)).filter((subject) => subject === 'Kept for later')).toHaveLength(1);
		expect(stage.simulator.tenant.outbox).toEqual([]);
		expect(stage.simulator.misses).toEqual([]);
		expect(nodeNamed(await workflowForHere(file, stage.n8n.filesFolder), 'Form').parameters['authentication']).toBe('n8nUserAuth');
	});
});
