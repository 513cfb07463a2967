import { afterEach, describe, expect, it } from 'vitest';
import { documentedLimits, Governor } from '../../nodes/M365Backup/graph/governor';
import { mailRestorer } from '../../nodes/M365Backup/workloads/mailbox/restore-mail';
import type { FaultAction } from '../simulator/faults';
import type { Switches } from '../simulator/switches';
import { mailWithLargeAttachment } from '../support/every-sort-of-mail';
import { addSamples, exchangeFixture, exported, fullPortraits, lossySorts, type ExchangeFixture, type FullPortrait } from './exchange-help';
import { expectAsPromised, failures, fillWithEverySort, outcomes, portraits, purgeAll, restoreAll } from './restore-help';

let fixture: ExchangeFixture;
afterEach(async () => {
	expect(fixture.sim.tenant.outbox).toEqual([]);
	expect(fixture.sim.misses).toEqual([]);
	await fixture.stop();
});

const SORTS = lossySorts();
const IMPORT = 'POST importItem';
const count = (route: string | RegExp): number => fixture.sim.requestLog.count(route);
const drafts = (): number => fixture.mailbox.folder('drafts').total;
const writes = (): number => count(/^(POST|PATCH|DELETE|PUT) (?!\/\$batch)/);

/** A mailbox of all sorts that MIME alone does not give back, backed up with their exports, and then lost. */
async function lost(switches: Partial<Switches> = {}, samples = SORTS): Promise<FullPortrait[]> {
	fixture = await exchangeFixture({ switches });
	addSamples(fixture, samples);
	await fixture.backUpExchange();
	expect(exported(await fixture.entries())).toHaveLength(samples.length);
	const before = await fullPortraits(fixture);
	purgeAll(fixture);
	fixture.sim.requestLog.reset();
	return before;
}

describe('bringing messages back from their Exchange exports', () => {
	it('gives back what MIME cannot: class, signature, nested attachments, all of it; and a second restore changes nothing', async () => {
		const before = await lost();
		expect(new Set(before.map((one) => one.class)).size).toBeGreaterThan(3);
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: SORTS.length });
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(results.map(({ newId }) => newId).sort()).toEqual([...fixture.mailbox.allMessages()].map(({ id }) => id).sort());
		expect(drafts()).toBe(0);
		expect(count(IMPORT)).toBe(SORTS.length);
		expect(count(/createImportSession/)).toBe(1);

		const writesBefore = writes();
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: SORTS.length });
		expect(writes()).toBe(writesBefore);
	});

	it('sets the marks to what the snapshot says, which may be newer than the export', async () => {
		fixture = await exchangeFixture();
		const [message] = addSamples(fixture, SORTS.slice(0, 1));
		await fixture.backUpExchange();
		fixture.mailbox.patch(message!, { isRead: false, categories: ['Later'], flag: { flagStatus: 'flagged' }, importance: 'high' });
		await fixture.backUpExchange();
		expect(count(/exportItems/)).toBe(1);
		const before = await fullPortraits(fixture);
		purgeAll(fixture);
		await restoreAll(fixture);
		expect(await fullPortraits(fixture)).toEqual(before);
	});

	it('never answers a request for a read receipt', async () => {
		fixture = await exchangeFixture();
		const signed = SORTS.find(({ sort }) => sort.includes('signature'))!;
		const asking = Buffer.from(signed.mime.toString('latin1').replace('MIME-Version', 'Disposition-Notification-To: <ada@fabrikam.example>\r\nMIME-Version'), 'latin1');
		const message = fixture.mailbox.addMime('inbox', asking, { isRead: false });
		await fixture.backUpExchange();
		fixture.mailbox.patch(message, { isRead: true });
		await fixture.backUpExchange();
		purgeAll(fixture);
		const [result] = await restoreAll(fixture);
		expect(result).toMatchObject({ outcome: 'created', fidelity: [expect.stringMatching(/read receipt/)] });
	});

	it.each<Partial<Switches>>([
		{ importAnswerIds: 'immutable' },
		{ importAnswerIds: 'foreign' },
		{ exchangeFolderIds: 'own' },
		{ newMessageNotFoundTimes: 2 },
		{ exportItemIds: 'mutableOnly' },
	])('works whatever Exchange does: %j', async (switches) => {
		const before = await lost(switches);
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: SORTS.length });
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(drafts()).toBe(0);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: SORTS.length });
	});

	it.each([
		['without the permission to import', () => fixture.sim.tenant.roles.set('Mail.ReadWrite', 'User.Read.All', 'MailboxItem.Export.All'), /MailboxItem\.ImportExport\.All/],
		['without the permission to read the mailbox id', () => fixture.sim.tenant.roles.revoke('User.Read.All'), /User\.Read\.All/],
		['in a cloud that answers 404', () => (fixture.sim.tenant.switches.mailboxItemApi = 'notFound'), /could not be imported/],
		['in a cloud that answers 400', () => (fixture.sim.tenant.switches.mailboxItemApi = 'badRequest'), /could not be imported/],
	])('rebuilds, and says what is missing, %s', async (_case, prepare, word) => {
		await lost();
		prepare();
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: SORTS.length });
		for (const { name, fidelity } of results) {
			expect(fidelity[0], name).toMatch(/original\.eml/);
			expect(fidelity.at(-1), name).toMatch(word);
		}
		expect(count(IMPORT)).toBe(0);
		expect(count(/settings\/exchange|createImportSession/)).toBeLessThanOrEqual(4 + 2);
		for (const one of (await portraits(fixture)).values()) expect(one.attachments.map(({ name }) => name)).toContain('original.eml');
	});

	it.each<[string, FaultAction, 'before' | 'during' | 'after', number]>([
		['a passing fault before it', { status: 503 }, 'before', 1],
		['a reset before it', { reset: true }, 'before', 2],
		['a lost answer', { reset: true }, 'after', 1],
		['two lost answers', { reset: true }, 'after', 2],
		['an answer of which half arrives', { truncateAtByte: 10 }, 'after', 1],
		['a fault after it', { status: 500 }, 'after', 1],
		['the limits', { status: 429, headers: { 'Retry-After': '2' } }, 'before', 3],
		['an ended session', { status: 409 }, 'before', 1],
		['an ended key', { status: 401 }, 'before', 1],
	])('imports once in spite of %s', async (_case, fault, when, times) => {
		const before = await lost();
		fixture.sim.tenant.faults.script({ match: /importItem/, when, times, do: fault });
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		expect(drafts()).toBe(0);
	});

	it.each([
		['before the mark', /^PATCH /],
		['before the move', /^POST .*\/move$/],
	])('takes up what an interrupted restore left in Drafts %s', async (_case, request) => {
		const before = await lost();
		fixture.sim.tenant.faults.script({ match: (method, path) => request.test(`${method} ${path}`), times: Infinity, do: { status: 400 } });
		expect(outcomes(await restoreAll(fixture))).toEqual({ failed: SORTS.length });
		expect(drafts()).toBe(SORTS.length);
		fixture.sim.tenant.faults.clear();
		fixture.sim.requestLog.reset();
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: SORTS.length });
		expect(count(IMPORT)).toBe(0);
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: SORTS.length });
	});

	it('finishes what lies in Drafts even where importing is not allowed any more', async () => {
		const before = await lost();
		fixture.sim.tenant.faults.script({ match: (method) => method === 'PATCH', times: Infinity, do: { status: 400 } });
		expect(outcomes(await restoreAll(fixture))).toEqual({ failed: SORTS.length });
		fixture.sim.tenant.faults.clear();
		fixture.sim.tenant.roles.revoke('MailboxItem.ImportExport.All');
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: SORTS.length });
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(drafts()).toBe(0);
	});

	it('makes nothing beside what could be there already', async () => {
		const before = await lost({}, SORTS.slice(0, 1));
		const { faults } = fixture.sim.tenant;
		faults.script({ match: /importItem/, when: 'after', do: { reset: true } });
		faults.script({ match: (method, path) => method === 'GET' && path.includes('/mailFolders/drafts/messages'), skip: 1, times: Infinity, do: { status: 503 } });
		expect(await restoreAll(fixture)).toMatchObject([{ outcome: 'failed', nextStep: expect.stringMatching(/again/) as string }]);
		faults.clear();
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: 1 });
		expect(await fullPortraits(fixture)).toEqual(before);
	});

	it('keeps copies of one mail apart, also when answers are lost', async () => {
		const [signed] = SORTS.filter(({ sort }) => sort.includes('signature'));
		const before = await lost({}, [signed!, signed!, signed!]);
		fixture.sim.tenant.faults.script({ match: /importItem/, when: 'after', times: 2, do: { reset: true } });
		expect(outcomes(await restoreAll(fixture))).toEqual({ created: 3 });
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(new Set([...fixture.mailbox.allMessages()].map(({ id }) => id)).size).toBe(3);
		expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 3 });
	});

	it('leaves alone what users themselves have in Drafts', async () => {
		const before = await lost();
		const moved = addSamples(fixture, SORTS.slice(0, 2), 'drafts');
		const draft = fixture.mailbox.addMime('drafts', SORTS[2]!.mime, { isDraft: true });
		const other = fixture.mailbox.addMime('drafts', SORTS[3]!.mime.toString('latin1').replace('Subject: ', 'Subject: Another '), {});
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		// The very mail, as received mail in Drafts, can only be what a restore left there.
		expect(moved.map(({ folder }) => folder.role)).toEqual(['inbox', 'inbox']);
		expect([draft, other].map(({ folder }) => folder.role)).toEqual(['drafts', 'drafts']);
		expect((await fullPortraits(fixture)).filter(({ folder }) => !/Entw/.test(folder))).toEqual(before);
	});

	it('imports into another mailbox, beside what that one has', async () => {
		const before = await lost();
		const other = fixture.sim.tenant.addUser({ displayName: 'Bob Vance' });
		other.mailbox!.addMime('inbox', SORTS[0]!.mime);
		const restorer = mailRestorer({ graph: fixture.client(), mailboxId: other.id, ambient: fixture.ambient, source: fixture.source });
		const results = await restoreAll(fixture, { restorer, destination: { kind: 'folder', path: ['From Adele'] } });
		expect(outcomes(results)).toEqual({ folderCreated: 2, created: SORTS.length });
		const there = (await fullPortraits({ ...fixture, mailbox: other.mailbox! })).filter(({ folder }) => folder.startsWith('From Adele'));
		const bare = (all: FullPortrait[]): unknown[] => all.map(({ folder: _folder, ...rest }) => rest);
		expect(bare(there)).toEqual(bare(before));
		expect(other.mailbox!.folder('inbox').total).toBe(1);
		const again = mailRestorer({ graph: fixture.client(), mailboxId: other.id, ambient: fixture.ambient, source: fixture.source });
		expect(outcomes(await restoreAll(fixture, { restorer: again, destination: { kind: 'folder', path: ['From Adele'] } }))).toEqual({ skipped: SORTS.length });
	});

	it('prefers the living original, and puts a copy beside it only where that is asked for', async () => {
		fixture = await exchangeFixture();
		const originals = addSamples(fixture, SORTS);
		await fixture.backUpExchange();
		for (const message of originals) fixture.mailbox.deleteByUser(message);
		expect(outcomes(await restoreAll(fixture))).toEqual({ movedBack: SORTS.length });
		expect(count(IMPORT)).toBe(0);
		const before = await fullPortraits(fixture);
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ created: SORTS.length });
		expect(await fullPortraits(fixture)).toEqual(before.flatMap((one) => [one, one]));
		expect(outcomes(await restoreAll(fixture, { conflictPolicy: 'keepBoth' }))).toEqual({ skipped: SORTS.length });
	});

	it('previews without writing, and promises no more than it knows', async () => {
		await lost();
		const results = await restoreAll(fixture, { mode: 'preview' });
		expect(outcomes(results)).toEqual({ created: SORTS.length });
		expect(results.filter(({ fidelity }) => fidelity.length > 0).map(({ name, fidelity }) => [/^Meeting/.test(name), fidelity])).toEqual([[true, [expect.stringMatching(/comes back whole where/)]]]);
		expect(writes()).toBe(0);
	});

	it('rebuilds a single message whose export is refused, damaged or lost, and imports the others', async () => {
		const before = await lost();
		fixture.sim.tenant.faults.script({ match: /importItem/, skip: 1, times: 1, do: { status: 400 } });
		const results = await restoreAll(fixture);
		expect(outcomes(results)).toEqual({ created: SORTS.length });
		const rebuilt = results.filter(({ fidelity }) => fidelity.length > 0);
		expect(rebuilt).toHaveLength(1);
		expect(JSON.stringify(rebuilt)).not.toMatch(/authtoken/);
		const whole = before.filter(({ subject }) => subject !== rebuilt[0]!.name);
		expect((await fullPortraits(fixture)).filter(({ subject }) => subject !== rebuilt[0]!.name)).toEqual(whole);

		purgeAll(fixture);
		const [damaged] = exported(await fixture.entries());
		const ref = damaged!.content!.find(({ part }) => part === 'exchange')!;
		await damage(`${fixture.key}/${ref.archive}`, ref.offset + Math.floor(ref.length / 2));
		const after = await restoreAll(fixture);
		expect(outcomes(after)).toEqual({ created: SORTS.length });
		expect(after.filter(({ fidelity }) => fidelity.length > 0).map(({ id }) => id)).toEqual([damaged!.id]);
	});
});

it('gives a mailbox of all sorts back whole, in all its folders', async () => {
	fixture = await exchangeFixture();
	const { mailbox } = fixture;
	const slash = mailbox.addFolder(mailbox.root, 'a/b');
	mailbox.addFolder(mailbox.root, 'Secret', { hidden: true });
	const sorts = await fillWithEverySort(fixture, 240, ['inbox', 'sentitems', slash, 'Secret', 'archive', 'deleteditems', 'drafts']);
	await fixture.backUpExchange();
	const before = await portraits(fixture);
	purgeAll(fixture);
	const results = await restoreAll(fixture);
	expect(outcomes(results)).toEqual({ created: 240 });
	expect(results.filter(({ fidelity }) => fidelity.length > 0)).toEqual([]);
	expectAsPromised(before, await portraits(fixture), new Map([...sorts.keys()].map((key) => [key, true])));
	const writesBefore = writes();
	expect(outcomes(await restoreAll(fixture))).toEqual({ skipped: 240 });
	expect(writes()).toBe(writesBefore);
});

it('stops when told to, and the next restore finishes', async () => {
	const before = await lost();
	const abort = new AbortController();
	fixture.sim.tenant.faults.script({ match: (method, path) => method === 'PATCH' && path.includes('/messages/') && (abort.abort(), true), times: 1, do: { delayMs: 50 } });
	await expect(restoreAll(fixture, { signal: abort.signal })).rejects.toMatchObject({ kind: 'cancelled' });
	expect(failures(await restoreAll(fixture))).toEqual([]);
	expect(await fullPortraits(fixture)).toEqual(before);
	expect(drafts()).toBe(0);
});

describe('large exports', () => {
	const signed = (index: number, sizeBytes: number): Buffer => {
		const inner = mailWithLargeAttachment(index, sizeBytes).toString('latin1');
		const type = /^Content-Type: multipart\/mixed.*\r\n/m.exec(inner)![0];
		const [head, body] = [inner.slice(0, inner.indexOf(type)), inner.slice(inner.indexOf(type))];
		return Buffer.from(`${head}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="sig"\r\n\r\n--sig\r\n${body}\r\n--sig\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--sig--\r\n`, 'latin1');
	};

	it('go by small groups and within the limits of the mailbox, there and back', async () => {
		fixture = await exchangeFixture();
		for (let n = 0; n < 6; n++) fixture.mailbox.addMime('inbox', signed(n, n % 2 === 0 ? 3_200_000 : 50_000));
		fixture.sim.tenant.latencyMs = 5;
		expect(await fixture.backUpExchange()).toMatchObject({ status: 'complete', warnings: [], changes: { failed: 0 } });
		expect(exported(await fixture.entries())).toHaveLength(6);
		expect(count(/exportItems/)).toBe(3);
		const before = await fullPortraits(fixture);
		purgeAll(fixture);
		const results = await restoreAll(fixture);
		expect(failures(results)).toEqual([]);
		expect(results.flatMap(({ fidelity }) => fidelity)).toEqual([]);
		expect(await fullPortraits(fixture)).toEqual(before);
		const seen = fixture.sim.tenant.throttle.seen(fixture.source.id);
		expect(seen.peak).toBeLessThanOrEqual(4);
		expect(seen.refused).toBe(0);
	});

	it('count as uploads of the mailbox, which are waited for where they use up what it takes in five minutes', async () => {
		fixture = await exchangeFixture();
		for (let n = 0; n < 3; n++) fixture.mailbox.addMime('inbox', signed(n, 200_000));
		await fixture.backUpExchange();
		const before = await fullPortraits(fixture);
		purgeAll(fixture);
		const startMs = fixture.ambient.now().getTime();
		const governor = new Governor(fixture.ambient, { ...documentedLimits, mailbox: { ...documentedLimits.mailbox, uploadBytesPerWindow: 600_000, uploadWindowMs: 100_000 } });
		expect(failures(await restoreAll(fixture, { graph: fixture.client({ governor }) }))).toEqual([]);
		expect(await fullPortraits(fixture)).toEqual(before);
		expect(fixture.ambient.now().getTime() - startMs).toBeGreaterThan(80_000);
	});

	it('that are larger than an import may be leave the message to be rebuilt', async () => {
		fixture = await exchangeFixture();
		fixture.mailbox.addMime('inbox', signed(1, 3_500_000));
		fixture.sim.tenant.switches.importSizeLimitBytes = 2_000_000;
		await fixture.backUpExchange();
		purgeAll(fixture);
		const [result] = await restoreAll(fixture);
		expect(result).toMatchObject({ outcome: 'created', fidelity: [expect.stringMatching(/^Signed mail/), expect.stringMatching(/could not be imported/)] });
	});
});

async function damage(key: string, offset: number): Promise<void> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of (await fixture.store.get(key))!) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	bytes[offset] = bytes[offset]! ^ 0xff;
	await fixture.store.put(key, (async function* () {
		yield bytes;
	})());
}
