import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../nodes/M365Backup/base/failure';
import type { RestoreDrillProof } from '../../nodes/M365Backup/engine/restore-drill';
import type { RestoreOutcome } from '../../nodes/M365Backup/workloads/restorer';
import type { GraphClient } from '../../nodes/M365Backup/graph/client';
import { createGraphClient } from '../../nodes/M365Backup/graph/client';
import { Governor } from '../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../nodes/M365Backup/graph/tokens';
import { fillContacts } from '../simulator/contact-generate';
import { fillCalendars } from '../simulator/event-generate';
import type { Mailbox } from '../simulator/mailbox';
import { EXCHANGE_ROLES } from '../simulator/permissions';
import { StoredMime } from '../simulator/stored-mime';
import type { Switches } from '../simulator/switches';
import { fillTodo } from '../simulator/todo-generate';
import { mailWithLargeAttachment } from '../support/every-sort-of-mail';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';
import { pictureOf } from '../support/mailbox-picture';
import { PHOTO } from './contacts-help';
import { meeting } from './calendar-help';
import { fillWithEverySort } from './restore-help';
import { drillMailbox } from './restore-drill-help';

let fixture: MailboxFixture;

afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

/** Everything that is in a mailbox, bins included, by its own id, and what users see of it. */
async function stateOf(mailbox: Mailbox): Promise<string[]> {
	const { calendar, contacts, todo } = mailbox;
	const ids = [
		...[...mailbox.allMessages()].map(({ id, folder }) => `message ${id} in ${folder.path.join('/')}`),
		...[...mailbox.folders.values()].map(({ path }) => `folder ${path.join('/')}`),
		...calendar.events().map(({ id }) => `event ${id}`),
		...[...calendar.calendars.values()].map(({ name }) => `calendar ${name}`),
		...[...contacts.all()].map(({ id }) => `contact ${id}`),
		...[...contacts.folders.values()].map(({ displayName }) => `contact folder ${displayName}`),
		...todo.allTasks().map((task) => `task ${todo.taskId(task)}`),
		...[...todo.lists.values()].map(({ displayName }) => `list ${displayName}`),
	];
	return [...ids.sort(), ...(await pictureOf(mailbox))];
}

async function wholeMailbox(options: Parameters<typeof mailboxFixture>[0] = {}): Promise<MailboxFixture> {
	fixture = await mailboxFixture(options);
	const { mailbox } = fixture;
	const projects = mailbox.addFolder('inbox', 'Projects');
	await fillWithEverySort(fixture, 120, ['inbox', 'sentitems', projects, 'archive', 'drafts']);
	fillCalendars(mailbox, { events: 40, seed: 3 });
	fillContacts(mailbox, { contacts: 20, folders: 2, seed: 3 });
	fillTodo(mailbox, { tasks: 20, seed: 3 });
	expect(await fixture.backUp({ content: ['mail', 'calendar', 'contacts', 'tasks', 'settings'] })).toMatchObject({ status: 'complete' });
	return fixture;
}

function problems({ different, failed, leftBehind }: RestoreDrillProof): unknown {
	return { different, failed, leftBehind };
}
const NONE = { different: [], failed: [], leftBehind: [] };

describe('a restore drill of a mailbox', () => {
	it('passes where everything comes back, and leaves nothing behind', async () => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		const proof = await drillMailbox(fixture, { items: 200, seed: 'all of it' });
		expect(problems(proof)).toEqual(NONE);
		expect(proof).toMatchObject({ status: 'passed', sampled: 200, restored: 200, compared: 200, identical: 200, seed: 'all of it', removedToBin: 0 });
		expect(proof.kinds).toEqual({ contact: 20, event: 40, message: 120, task: 20 });
		expect(proof.message).toMatch(/^Adele Vance: restore drill passed\. 200 items of the snapshot of 2026-11-22 1\d:\d\d UTC \(120 messages, 40 events, 20 contacts, 20 tasks\) came back identical and were removed again$/);
		expect(proof.notDrilled).toEqual([expect.objectContaining({ kind: 'setting', reason: expect.stringContaining('no place to try them out') })]);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
	});

	it('draws twenty evenly over the kinds, the same again for the same seed', async () => {
		await wholeMailbox();
		const first = await drillMailbox(fixture, { seed: 'a' });
		expect(first).toMatchObject({ status: 'passed', sampled: 20, kinds: { contact: 5, event: 5, message: 5, task: 5 } });
		const drawn = async (seed: string): Promise<string[]> => {
			const names: string[] = [];
			await drillMailbox(fixture, {
				seed,
				afterRestore: ({ id, type }) => {
					if (type !== 'folder') names.push(id);
				},
			});
			return names.sort();
		};
		const names = await drawn('a');
		expect(names).toHaveLength(20);
		expect(await drawn('a')).toEqual(names);
		expect(await drawn('b')).not.toEqual(names);
		// Without a seed, another sample each time; the proof says how to repeat it.
		const { seed } = await drillMailbox(fixture, { kinds: ['contact'], items: 3 });
		expect(seed).toMatch(/^[0-9a-f]{8}$/);
	});

	it('into another mailbox touches that one alone', async () => {
		await wholeMailbox();
		const other = fixture.sim.tenant.addUser({ displayName: 'Scratch' });
		const before = await stateOf(fixture.mailbox);
		const otherBefore = await stateOf(fixture.sim.tenant.mailbox(other.id));
		const wasWritten = (): number => fixture.sim.requestLog.count(new RegExp(`^(POST|PATCH|DELETE|PUT) /users/${fixture.source.id}`));
		const written = wasWritten();
		const proof = await drillMailbox(fixture, { into: other.id });
		expect(problems(proof)).toEqual(NONE);
		expect(proof).toMatchObject({ status: 'passed', identical: 20 });
		expect(wasWritten()).toBe(written);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
		expect(await stateOf(fixture.sim.tenant.mailbox(other.id))).toEqual(otherBefore);
	});

	it('works while the tenant throttles, loses answers and forgets connections', async () => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		const { faults } = fixture.sim.tenant;
		faults.script({ match: /^POST .*\/(messages|events|contacts|tasks|childFolders|calendars|lists)$/, times: 6, skip: 2, when: 'after', do: { reset: true } });
		faults.script({ match: /^GET /, times: 5, skip: 20, do: { status: 429, headers: { 'Retry-After': '2' } } });
		faults.script({ match: /permanentDelete$/, times: 4, skip: 3, do: { status: 503 } });
		faults.script({ match: /permanentDelete$/, times: 3, when: 'after', do: { reset: true } });
		const proof = await drillMailbox(fixture, { items: 60 });
		expect(problems(proof)).toEqual(NONE);
		expect(proof.status).toBe('passed');
		expect(faults.struck).toBe(18);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
	});
});

describe('a restore drill passes, whatever Graph really does', () => {
	it.each<Partial<Switches>>([
		{ todoExpand: 'refused', todoAttachmentValue: 'refused', todoCompletedDate: 'refused', todoStepTimes: 'refused' },
		{ contactPhotoBytes: 'encodedAnew', contactsPath: 'allFolders', hiddenContactFolders: 'listed', deletedContacts: 'notFound' },
		{ uploadSessionOnNonDraft: 'refused', largeMimeDraftsVanish: true, mimePostIntoFolder: 'accepted' },
		{ deletedMessageGoesTo: 'deletedItems', deletedFolderGoesTo: 'deletedItems', patchContentOfNonDraft: 'accepted' },
		{ newMessageNotFoundTimes: 3, defaultPageSize: 1, batchAnswerOrder: 'asked', todoUploadSession: 'refused' },
		{ occurrenceListsInCloud: false, exceptionChangesMaster: false, deletedEventsAnswer: true, repeatedTransactionId: 'existing' },
	])('%j', async (switches) => {
		await wholeMailbox({ switches });
		const { mailbox } = fixture;
		mailbox.addMime('inbox', mailWithLargeAttachment(1, 4_000_000));
		mailbox.contacts.add('default', { displayName: 'With photo' }, { photo: PHOTO });
		const task = mailbox.todo.add('Aufgaben', { title: 'Rich', checklist: ['One', { displayName: 'Two', isChecked: true }], attachments: [{ name: 'a.txt', content: 'A' }, { name: 'large.bin', content: Buffer.alloc(5_000_000, 7) }] });
		expect(task.title).toBe('Rich');
		await fixture.backUp({ content: ['mail', 'calendar', 'contacts', 'tasks'] });
		const before = await stateOf(mailbox);
		const proof = await drillMailbox(fixture, { items: 250 });
		expect(problems(proof)).toEqual(NONE);
		expect(proof).toMatchObject({ status: 'passed', sampled: 203, identical: 203 });
		expect(await stateOf(mailbox)).toEqual(before);
	});

	it('imports messages in full fidelity where it may, and compares them all the same', async () => {
		fixture = await mailboxFixture();
		fixture.sim.tenant.roles.grant(...EXCHANGE_ROLES);
		const client = (): GraphClient => createGraphClient({ graphUrl: fixture.sim.graphUrl, tokens: fixedToken(fixture.sim.tenant.tokens.issue().token), ambient: fixture.ambient, governor: new Governor(fixture.ambient), tenantId: fixture.sim.tenantId });
		const { mailbox } = fixture;
		await fillWithEverySort(fixture, 60, ['inbox', 'drafts']);
		await fixture.backUp({ exchangeExport: 'all', graphClient: client() });
		const before = await stateOf(mailbox);
		const proof = await drillMailbox({ ...fixture, client }, { items: 100 });
		expect(problems(proof)).toEqual(NONE);
		expect(proof).toMatchObject({ status: 'passed', sampled: 60 });
		expect(fixture.sim.requestLog.count(/createImportSession/)).toBeGreaterThan(0);
		expect(await stateOf(mailbox)).toEqual(before);
	});
});

describe('a restore drill fails', () => {
	it('naming the item, where the stored bytes are damaged, and restores nothing of it', async () => {
		fixture = await mailboxFixture();
		for (const subject of ['One', 'Two', 'Three']) fixture.mailbox.addMime('inbox', plainMail(subject));
		await fixture.backUp();
		const entry = [...(await fixture.entries()).values()].find(({ name }) => name === 'Two')!;
		const [ref] = entry.content!;
		await damage(fixture, ref!.archive, ref!.offset + ref!.length - 30);
		const before = await stateOf(fixture.mailbox);
		const proof = await drillMailbox(fixture);
		expect(proof).toMatchObject({ status: 'failed', sampled: 3, restored: 2, compared: 2, identical: 2, different: [], leftBehind: [] });
		expect(proof.failed).toEqual([{ name: 'Two', kind: 'message', folderPath: 'Posteingang', step: 'stored', reason: expect.any(String) }]);
		expect(proof.message).toMatch(/restore drill FAILED\. 2 of 3 items .* came back identical\. "Two": /);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
	});

	it.each([
		['subject', plainMail('Garbled', 'Body of One'), ['the subject was "One", is "Garbled"']],
		['text', plainMail('One', 'Nothing of it'), ['the text was "Body of One", is "Nothing of it"']],
		['recipient', plainMail('One').replace('adele.vance@', 'mallory@'), ['the recipients (To) was "adele.vance@contoso.example", is "mallory@contoso.example"']],
	])('where the tenant gives a message another %s', async (_what, mime, differences) => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		const before = await stateOf(mailbox);
		const proof = await drillMailbox(fixture, { afterRestore: garbledTo(mailbox, mime) });
		expect(proof).toMatchObject({ status: 'failed', sampled: 1, restored: 1, compared: 1, identical: 0, failed: [], leftBehind: [] });
		expect(proof.different).toEqual([{ name: 'One', kind: 'message', folderPath: 'Posteingang', differences }]);
		expect(proof.message).toContain(`0 of 1 item of the snapshot of 2026-11-22 11:00 UTC (1 message) came back identical. "One": ${differences[0]}`);
		expect(await stateOf(mailbox)).toEqual(before);
	});

	it.each([
		['message', '/messages/ID', { isRead: true, categories: ['Red'] }, ['the categories was empty, is "Red"', 'the read mark was "unread", is "read"']],
		['event', '/events/ID', { subject: 'Garbled', isAllDay: false }, [expect.stringMatching(/^the subject was ".*", is "Garbled"$/)]],
		['contact', '/contacts/ID', { mobilePhone: '+1 555 0000' }, ['mobilePhone is not as it was']],
		['task', '/todo/lists/LIST/tasks/ID', { title: 'Garbled' }, [expect.stringMatching(/^the title was ".*", is "Garbled"$/)]],
	])('where the tenant changes a %s', async (kind, path, body, differences) => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('One'));
		mailbox.calendar.addEvent('Kalender', meeting('Two'));
		mailbox.contacts.add('default', { displayName: 'Three', givenName: 'Three' });
		mailbox.todo.add('Aufgaben', { title: 'Four' });
		await fixture.backUp({ content: ['mail', 'calendar', 'contacts', 'tasks'] });
		const before = await stateOf(mailbox);
		let list = '';
		const proof = await drillMailbox(fixture, {
			afterRestore: async ({ type, newId }) => {
				if (type === 'folder') list = newId!;
				if (type !== kind) return;
				await fixture.client().json({ method: 'PATCH', path: `/users/${fixture.source.id}${path.replace('LIST', list).replace('ID', newId!)}`, body });
			},
		});
		expect(proof).toMatchObject({ status: 'failed', sampled: 4, compared: 4, identical: 3, failed: [], leftBehind: [] });
		expect(proof.different).toEqual([expect.objectContaining({ kind, differences })]);
		expect(await stateOf(mailbox)).toEqual(before);
	});

	it('where an attachment has other bytes, is missing, or is one too many', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', withFiles('One', ['a.txt=first', 'b.txt=second', 'b.txt=third']));
		await fixture.backUp();
		const proof = await drillMailbox(fixture, { afterRestore: garbledTo(mailbox, withFiles('One', ['a.txt=other', 'b.txt=third', 'c.txt=new'])) });
		expect(proof.different).toMatchObject([{ differences: ['the attachment a.txt has other bytes', 'the attachment b.txt is missing', 'there is an attachment c.txt that the backup does not have'] }]);
	});

	it('where an item vanishes before it is read back', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		const before = await stateOf(mailbox);
		const proof = await drillMailbox(fixture, { 
			afterRestore: ({ type, newId }) => {
				if (type === 'message') mailbox.purge([...mailbox.allMessages()].find(({ id }) => id === newId)!);
			},
		});
		expect(proof).toMatchObject({ status: 'failed', sampled: 1, restored: 1, compared: 0, leftBehind: [] });
		expect(proof.failed).toMatchObject([{ name: 'One', step: 'readBack' }]);
		expect(await stateOf(mailbox)).toEqual(before);
	});
});

describe('a restore drill cleans up', () => {
	it('where the user stops it, whenever that is', async () => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		for (const after of [0, 1, 5, 12, 19]) {
			const stop = new AbortController();
			let restored = 0;
			const afterRestore = (): void => {
				if (restored++ === after) stop.abort();
			};
			await expect(drillMailbox(fixture, { afterRestore, signal: stop.signal, seed: 'stop' })).rejects.toMatchObject({ kind: 'cancelled', message: 'The restore drill was stopped' });
			expect(restored).toBeGreaterThan(after);
			expect(await stateOf(fixture.mailbox)).toEqual(before);
		}
	});

	it('what a broken restore began without saying so', async () => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		const { faults } = fixture.sim.tenant;
		// Attachments are refused for good: a message stands there without them, and the restore says that it failed.
		faults.script({ match: /^POST .*attachments$/, times: Infinity, do: { status: 403 } });
		const proof = await drillMailbox(fixture, { items: 60, kinds: ['message'] });
		expect(proof.status).toBe('failed');
		expect(proof.failed.length).toBeGreaterThan(0);
		expect(proof.failed.every(({ step }) => step === 'restore')).toBe(true);
		expect(proof.leftBehind).toEqual([]);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
	});

	it('where the restore breaks off, of which nobody then knows what it has made', async () => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		for (const after of [0, 3, 9]) {
			let met = 0;
			const afterRestore = (): void => {
				if (met++ === after) throw new Failure('transient', 'It broke');
			};
			await expect(drillMailbox(fixture, { afterRestore, items: 60 })).rejects.toMatchObject({ kind: 'transient', message: 'It broke' });
			expect(await stateOf(fixture.mailbox)).toEqual(before);
		}
	});

	it('and says what is left where the restore breaks off and deleting is denied', async () => {
		await wholeMailbox();
		fixture.sim.tenant.faults.script({ match: /permanentDelete$|^DELETE /, times: Infinity, do: { status: 403 } });
		const afterRestore = (): never => {
			throw new Failure('transient', 'It broke');
		};
		await expect(drillMailbox(fixture, { afterRestore, kinds: ['message'] })).rejects.toMatchObject({
			message: expect.stringMatching(/^It broke\. Left behind: .*M365 Backup drill 2026-11-22 [0-9a-f]{6}/),
			nextStep: 'Delete by hand what was left behind.',
		});
		fixture.sim.tenant.faults.clear();
	});

	it('but for what somebody else has put into its folder, and says so', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		const proof = await drillMailbox(fixture, {
			afterRestore: ({ type }) => {
				if (type !== 'message') return;
				const scratch = [...mailbox.folders.values()].find(({ displayName }) => displayName.startsWith('M365 Backup drill'))!;
				mailbox.addMime(scratch, plainMail('Mine'));
			},
		});
		const [left] = proof.leftBehind;
		expect(proof).toMatchObject({ status: 'failed', identical: 1, leftBehind: [{ path: proof.scratchFolder, reason: 'There is something in it that the drill did not make: Mine' }] });
		expect(left!.id).toBeDefined();
		expect(proof.message).toMatch(/restore drill FAILED to clean up\. 1 item .* came back identical\. Left behind: M365 Backup drill 2026-11-22 [0-9a-f]{6}$/);
		expect(await fixture.living()).toEqual([`${proof.scratchFolder}/Mine`, 'Posteingang/One']);
	});

	it('and where deleting is denied, says what is left and where', async () => {
		await wholeMailbox();
		const { faults } = fixture.sim.tenant;
		faults.script({ match: /permanentDelete$|^DELETE /, times: Infinity, do: { status: 403 } });
		const proof = await drillMailbox(fixture, { items: 4 });
		expect(proof).toMatchObject({ status: 'failed', sampled: 4, identical: 4, removed: 0 });
		const paths = proof.leftBehind.map(({ path }) => path);
		expect(paths.every((path) => path.includes(proof.scratchFolder))).toBe(true);
		expect(paths.length).toBeGreaterThanOrEqual(8);
		expect(proof.leftBehind.filter(({ reason }) => reason.includes('.ReadWrite'))).toHaveLength(4);
		faults.clear();
	});

	it('with DELETE where a cloud knows no permanentDelete, and says that it is in the bin', async () => {
		fixture = await mailboxFixture();
		const { mailbox } = fixture;
		mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		fixture.sim.tenant.faults.script({ match: /permanentDelete$/, times: Infinity, do: { status: 400, body: { error: { code: 'RequestBroker--ParseUri', message: "Resource not found for the segment 'permanentDelete'." } } } });
		const proof = await drillMailbox(fixture);
		expect(proof).toMatchObject({ status: 'passed', identical: 1, leftBehind: [] });
		expect(proof.removedToBin).toBe(proof.removed);
		expect(await fixture.living()).not.toContain(`${proof.scratchFolder}/Posteingang/One`);
	});
});

describe('a restore drill refuses', () => {
	it.each([
		['Mail.ReadWrite', 'message'],
		['Tasks.ReadWrite.All', 'task'],
	] as const)('without %s, before anything is made', async (permission, kind) => {
		await wholeMailbox();
		const before = await stateOf(fixture.mailbox);
		const roles = fixture.sim.tenant.roles.list().filter((role) => role !== permission);
		const writes = (): number => fixture.sim.requestLog.count(/^(POST|PATCH|DELETE|PUT) (?!\/\$batch)/);
		const written = writes();
		await expect(drillMailbox(fixture, { roles })).rejects.toMatchObject({ kind: 'denied', message: `The application may not write what the drill would restore: it lacks ${permission}`, nextStep: expect.stringContaining('Nothing was made') });
		expect(writes()).toBe(written);
		expect(await stateOf(fixture.mailbox)).toEqual(before);
		expect(await drillMailbox(fixture, { roles, kinds: (['message', 'event', 'contact', 'task'] as const).filter((one) => one !== kind) })).toMatchObject({ status: 'passed' });
	});

	it.each([0, 501, 1.5])('%d items', async (items) => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		await expect(drillMailbox(fixture, { items })).rejects.toMatchObject({ kind: 'invalid', nextStep: 'Choose 1 to 500 items.' });
	});

	it('nothing, but says that the mailbox is gone, and tries its backup out in another one', async () => {
		await wholeMailbox();
		const { tenant } = fixture.sim;
		tenant.removeUser(tenant.findUser(fixture.source.id)!);
		const proof = await drillMailbox(fixture);
		expect(proof).toMatchObject({ status: 'gone', sampled: 0, message: 'Adele Vance: restore drill proves nothing. The user is not in Microsoft 365 any more: set Restore Into to another mailbox or drive to try out its backup' });
		const other = tenant.addUser({ displayName: 'Scratch' });
		expect(await drillMailbox(fixture, { into: other.id })).toMatchObject({ status: 'passed', identical: 20 });
	});

	it('nothing, but says that it proves nothing, where there is nothing to try out', async () => {
		fixture = await mailboxFixture();
		fixture.mailbox.addMime('inbox', plainMail('One'));
		await fixture.backUp();
		const proof = await drillMailbox(fixture, { largestBytes: 10 });
		expect(proof).toMatchObject({ status: 'empty', sampled: 0, removed: 0, notDrilled: [{ kind: 'message', items: 1 }] });
		expect(proof.message).toContain('proves nothing');
	});
});

function withFiles(subject: string, files: readonly string[]): string {
	const parts = files.map((file) => {
		const [name, text] = file.split('=');
		return `--b\r\nContent-Type: application/octet-stream; name="${name!}"\r\nContent-Disposition: attachment; filename="${name!}"\r\n\r\n${text!}\r\n`;
	});
	return `From: Ada <ada@fabrikam.example>\r\nTo: Adele <adele.vance@contoso.example>\r\nSubject: ${subject}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <files@fabrikam.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText\r\n${parts.join('')}--b--\r\n`;
}

async function damage({ store, key }: MailboxFixture, archive: string, at: number): Promise<void> {
	const name = `${key}/${archive}`;
	const chunks: Uint8Array[] = [];
	for await (const chunk of (await store.get(name))!) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	bytes[at] = bytes[at]! ^ 1;
	await store.delete([name]);
	await store.put(name, Readable.from([bytes]));
}

/** Restored messages have this content when they are read back. */
function garbledTo(mailbox: Mailbox, mime: string): (outcome: RestoreOutcome) => void {
	return ({ type, newId }) => {
		if (type === 'message') mailbox.setContent([...mailbox.allMessages()].find(({ id }) => id === newId)!, new StoredMime(Buffer.from(mime)));
	};
}
