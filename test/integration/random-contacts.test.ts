import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import type { SnapshotRecord } from '../../nodes/M365Backup/repository/records';
import type { ContactRecord } from '../simulator/contact';
import { ContactFolder } from '../simulator/contact-folder';
import { GraphError } from '../simulator/graph-error';
import type { Switches } from '../simulator/switches';
import { contactPortrait, contactsFixture, expectContactsSaved, PHOTO, restoreContacts } from './contacts-help';
import { newestSnapshot } from './restore-help';
import { randomRuns } from '../support/random-runs';

const RUNS = randomRuns(30);
const CONTACTS = { content: ['contacts' as const] };
type Fixture = Awaited<ReturnType<typeof contactsFixture>>;

type Step =
	| { do: 'edit'; what: number; a: number; b: number }
	| { do: 'backUp'; stopAfterBytes: number | null; commitEveryBytes: number; fullResync: boolean }
	| { do: 'restore'; policy: 'skip' | 'replace' | 'keepBoth'; which: number; elsewhere: boolean }
	| { do: 'expire'; folder: number | null }
	| { do: 'event'; which: 'week' | 'loseCursor' | 'quota' }
	| { do: 'fault'; which: number };

const nat = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 14, arbitrary: fc.record({ do: fc.constant('edit' as const), what: nat, a: nat, b: nat }) },
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant('backUp' as const),
			stopAfterBytes: fc.option(fc.integer({ min: 500, max: 10_000 }), { freq: 2 }),
			commitEveryBytes: fc.constantFrom(1000, 5000, 1_000_000),
			fullResync: fc.constantFrom(false, false, false, false, true),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('restore' as const), policy: fc.constantFrom('skip' as const, 'replace' as const, 'keepBoth' as const), which: nat, elsewhere: fc.constantFrom(false, false, true) }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), folder: fc.option(nat) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('event' as const), which: fc.constantFrom('week' as const, 'loseCursor' as const, 'quota' as const) }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('fault' as const), which: nat }) },
);

const switches: fc.Arbitrary<Partial<Switches>> = fc.record({
	partialDeltaEntries: fc.boolean(),
	deltaReportsReturns: fc.boolean(),
	deltaEmptyPages: fc.constantFrom('never' as const, 'end' as const, 'always' as const),
	deltaReplays: fc.boolean(),
	deltaLargestPage: fc.constantFrom(2, 5, 1000),
	batchAnswerOrder: fc.constantFrom('reversed' as const, 'asked' as const),
	deletedFolderGoesTo: fc.constantFrom('recoverableItems' as const, 'deletedItems' as const),
	deletedMessageGoesTo: fc.constantFrom('recoverableItems' as const, 'deletedItems' as const),
	deletedFolderDeltaCode: fc.constantFrom('ErrorItemNotFound' as const, 'ErrorSyncFolderNotFound' as const),
	deletedContacts: fc.constantFrom('reachable' as const, 'notFound' as const),
	contactParentPatch: fc.constantFrom('moves' as const, 'ignored' as const, 'refused' as const),
	contactFolderByName: fc.constantFrom('answers' as const, 'refused' as const),
	contactsPath: fc.constantFrom('defaultFolder' as const, 'allFolders' as const),
});

/** One edit as users make them; what cannot be done in this state is left out. */
function edit(fixture: Fixture, serial: number, { what, a, b }: Step & { do: 'edit' }): void {
	const { contacts } = fixture;
	const folders = [...contacts.folders.values()].filter((folder) => contacts.isLiving(folder));
	const living = contacts.living();
	const folder = folders[a % folders.length]!;
	const other = folders[b % folders.length]!;
	const contact: ContactRecord | undefined = living[a % Math.max(1, living.length)];
	const deleted = contacts.all().filter(({ place }) => !(place instanceof ContactFolder));
	try {
		switch (what % 16) {
			case 0:
			case 1:
			case 2:
				contacts.add(folder, { displayName: `Contact ${serial}`, personalNotes: 'x'.repeat(b), businessPhones: b % 3 ? [`+49 ${b}`] : [] }, b % 4 ? {} : { photo: Buffer.concat([PHOTO, Buffer.from(String(serial))]) });
				return;
			case 3:
				if (contact) contacts.patch(contact, { categories: b % 2 ? ['Red category'] : [] });
				return;
			case 4:
			case 5:
				if (contact) contacts.patch(contact, b % 2 ? { jobTitle: `Job ${serial}`, homeAddress: { city: `City ${b % 3}` } } : { jobTitle: null, givenName: `Given ${serial}`, emailAddresses: [{ name: 'N', address: `a${serial}@x.example` }], homeAddress: {} });
				return;
			case 6:
			case 7:
				if (contact) contacts.move(contact, other);
				return;
			case 8:
				if (contact?.place instanceof ContactFolder) {
					const home = contact.place;
					contacts.move(contact, other);
					contacts.move(contact, home);
				}
				return;
			case 9:
				if (contact) contacts.deleteByUser(contact);
				return;
			case 10:
				if (contact) contacts.delete(contact);
				return;
			case 11:
				if (contact) contacts.purge(contact);
				return;
			case 12:
				if (contact) contacts.setPhoto(contact, b % 3 ? Buffer.concat([PHOTO, Buffer.from(`photo ${serial}`)]) : null);
				return;
			case 13:
				contacts.addFolder(folder, `Folder ${serial}`);
				return;
			case 14:
				if (folder === contacts.default) return;
				if (b % 4 === 0) contacts.deleteFolder(folder);
				else if (b % 4 === 1) contacts.purgeFolder(folder);
				else if (b % 4 === 2) contacts.moveFolder(folder, other);
				else contacts.renameFolder(folder, `Renamed ${serial}`);
				return;
			default:
				// A user takes it out of the bin.
				if (deleted.length > 0) contacts.move(deleted[a % deleted.length]!, folder);
		}
	} catch (error) {
		// Exchange refuses a taken name, a move of a folder below itself and the like.
		if (!(error instanceof GraphError)) throw error;
	}
}

async function happen(fixture: Fixture, which: 'week' | 'loseCursor' | 'quota'): Promise<void> {
	if (which === 'week') fixture.sim.tenant.clock.advance(8 * 24 * 3_600_000);
	else if (which === 'quota') fixture.mailbox.isOverQuota = !fixture.mailbox.isOverQuota;
	else await fixture.store.delete([`${fixture.key}/cursor.json`]);
}

function fault(fixture: Fixture, which: number): void {
	const { faults } = fixture.sim.tenant;
	const skip = which % 7;
	const all: Parameters<typeof faults.script>[0][] = [
		{ match: '*', skip, do: { status: 503 } },
		{ match: 'POST /$batch', skip, do: { truncateAtByte: 500 } },
		{ match: 'POST /$batch', skip, when: 'during', do: { reset: true } },
		{ match: 'GET /users/*/contacts/*', skip, do: { status: 429, headers: { 'Retry-After': '3' } } },
		{ match: 'POST /users/*/contacts', when: 'after', do: { reset: true } },
		{ match: 'PUT /users/*/photo/$value', when: 'after', do: { status: 503 } },
		{ match: 'PATCH /users/*/contacts/*', when: 'after', do: { reset: true } },
	];
	faults.script(all[which % all.length]!);
}

/** What a restore is about, by content: folders may have been renamed meanwhile. */
function kinds(contacts: readonly ContactRecord[], withPhoto: (contact: ContactRecord) => boolean): Map<string, number> {
	const counts = new Map<string, number>();
	for (const contact of contacts) {
		const { properties, photo } = contactPortrait(contact);
		const key = JSON.stringify([Object.entries(properties).sort(), withPhoto(contact) ? photo : '-']);
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return counts;
}

interface Saved {
	snapshot: SnapshotRecord;
	contacts: ContactRecord[];
}

/** As they are now, whatever becomes of them. */
function copies(contacts: readonly ContactRecord[]): ContactRecord[] {
	return contacts.map((contact) => Object.assign(Object.create(Object.getPrototypeOf(contact) as object) as ContactRecord, contact, { properties: structuredClone(contact.properties) }));
}

/** Whatever the policy, what was saved is there afterwards; `replace` has it as it was; and a second restore does nothing. */
async function restoreAndCheck(fixture: Fixture, saved: Saved, { policy, elsewhere }: Step & { do: 'restore' }): Promise<void> {
	const { contacts } = fixture;
	const livingBefore = new Set(contacts.living().map(({ id }) => id));
	const options = { snapshot: saved.snapshot, conflictPolicy: policy, ...(elsewhere ? { destination: { kind: 'folder' as const, path: ['Restored'] } } : {}) };
	const preview = await restoreContacts(fixture, { ...options, mode: 'preview' });
	expect(new Set(contacts.living().map(({ id }) => id))).toEqual(livingBefore);
	const results = await restoreContacts(fixture, options);
	expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
	expect(results.filter(({ type }) => type === 'contact')).toHaveLength(saved.contacts.length);
	if (fixture.sim.tenant.switches.contactParentPatch === 'moves') {
		expect(preview.map(({ id, outcome }) => `${id} ${outcome}`).sort()).toEqual(results.map(({ id, outcome }) => `${id} ${outcome}`).sort());
	}
	for (const { type, newId, targetPath } of results) {
		if (type !== 'contact') continue;
		const there = contacts.find(newId!)!;
		expect(`Contacts/${(there.place as ContactFolder).path.join('/')}`).toBe(targetPath);
	}
	// Nothing that lived is gone.
	for (const id of livingBefore) expect(contacts.isLiving(contacts.find(id)!.place as ContactFolder)).toBe(true);
	if (policy === 'replace') {
		// A photo that came later cannot be taken away.
		const named = new Map(results.map(({ id, newId }) => [id, newId]));
		const restored = saved.contacts.map(({ id }) => contacts.find(named.get(`contacts/${id}`)!)!);
		for (const [index, original] of saved.contacts.entries()) {
			const pictured = (): boolean => original.photo !== null;
			expect(kinds([restored[index]!], pictured)).toEqual(kinds([original], pictured));
		}
		expect(new Set(restored).size).toBe(restored.length);
	}
	const again = await restoreContacts(fixture, options);
	expect(again.filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
}

it(`follows ${RUNS} random histories of contacts, with restores between`, async () => {
	await fc.assert(
		fc.asyncProperty(switches, fc.array(step, { minLength: 10, maxLength: 40 }), async (chosen, steps) => {
			const fixture = await contactsFixture({ switches: chosen });
			try {
				let serial = 0;
				const saved: Saved[] = [];
				const vip = fixture.contacts.addFolder('default', 'VIP');
				for (; serial < 8; serial++) fixture.contacts.add(serial % 2 ? vip : fixture.contacts.default, { displayName: `Contact ${serial}`, surname: 'S' });
				for (const one of steps) {
					serial += 1;
					if (one.do === 'edit') edit(fixture, serial, one);
					else if (one.do === 'event') await happen(fixture, one.which);
					else if (one.do === 'expire') {
						const folders = [...fixture.contacts.folders.values()];
						fixture.contacts.expireDelta(one.folder === null ? undefined : folders[one.folder % folders.length]);
					} else if (one.do === 'fault') fault(fixture, one.which);
					else if (one.do === 'restore') {
						const chosenOne = saved[one.which % Math.max(1, saved.length)];
						if (chosenOne) await restoreAndCheck(fixture, chosenOne, one);
					} else {
						const summary = await fixture.backUp({ ...CONTACTS, stopAfter: { bytes: one.stopAfterBytes ?? undefined }, commitEvery: { bytes: one.commitEveryBytes }, fullResync: one.fullResync });
						expect(summary.failures).toEqual([]);
						if (summary.hasMore) continue;
						await expectContactsSaved(fixture);
						saved.push({ snapshot: await newestSnapshot(fixture), contacts: copies(fixture.contacts.living()) });
					}
				}
				fixture.mailbox.isOverQuota = false;
				let summary = await fixture.backUp({ ...CONTACTS, hoursLater: 8 * 24 });
				for (let again = 0; summary.hasMore && again < 5; again++) summary = await fixture.backUp(CONTACTS);
				expect(['complete', 'unchanged']).toContain(summary.status);
				await expectContactsSaved(fixture);
				expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
				expect(fixture.sim.misses).toEqual([]);
				expect(fixture.sim.tenant.outbox).toEqual([]);
			} finally {
				await fixture.stop();
			}
		}),
		{ numRuns: RUNS, endOnFailure: false },
	);
});
