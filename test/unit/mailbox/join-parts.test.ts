import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import { joinParts } from '../../../nodes/M365Backup/workloads/mailbox/mailbox';
import type { MailboxPart, MailboxPartName } from '../../../nodes/M365Backup/workloads/mailbox/mailbox-part';
import type { ChangePage, EnumerationInput, KnownItem, Workload } from '../../../nodes/M365Backup/workloads/workload';

type Step = { page: ChangePage; notes: JsonObject } | { notes: JsonObject; fails: Failure };

/** A part that changes its notes before each page, as parts do while they build one. */
function part(name: MailboxPartName, steps: readonly Step[], asked: EnumerationInput[] = []): MailboxPart {
	let notes: JsonObject = {};
	return {
		name,
		async *enumerate(input) {
			asked.push(input);
			for (const step of steps) {
				notes = { [name]: step.notes };
				if ('fails' in step) throw step.fails;
				yield await Promise.resolve(step.page);
			}
		},
		async *fetch() {
			yield* await Promise.resolve([]);
		},
		confirmMissing: () => Promise.resolve([]),
		notes: () => notes,
	};
}

const known = { lookUp: () => Promise.resolve(new Map()), async *ofType() { yield* await Promise.resolve([]); }, places: () => Promise.resolve({ parentOf: () => undefined }) };

function input(more: Partial<EnumerationInput> = {}): EnumerationInput {
	return { known, links: {}, notes: {}, retry: [], isFirst: false, signal: new AbortController().signal, ...more };
}

/** The notes as the engine would keep them after each page, and at the end. */
async function notesOf(workload: Workload, more: Partial<EnumerationInput> = {}): Promise<JsonObject> {
	let notes = workload.notes();
	for await (const _page of workload.enumerate(input(more))) notes = workload.notes();
	return { ...notes, ...workload.notes() };
}

const page: ChangePage = { changes: [] };

describe('the parts of a mailbox as one', () => {
	it('forget what a part noted for a page that it never handed out', async () => {
		const fails = new Failure('transient', 'The folders do not answer');
		const mail = part('mail', [{ page, notes: { at: 1 } }]);
		const contacts = part('contacts', [{ page, notes: { folders: 1 } }, { notes: { folders: 2 }, fails }]);
		expect(await notesOf(joinParts([contacts, mail]), { notes: { contacts: { folders: 0 } } })).toEqual({ contacts: { folders: 1 }, mail: { at: 1 } });
		const atOnce = part('contacts', [{ notes: { folders: 2 }, fails }]);
		expect(await notesOf(joinParts([atOnce, part('mail', [{ page, notes: { at: 1 } }])]), { notes: { contacts: { folders: 0 } } })).toEqual({ contacts: { folders: 0 }, mail: { at: 1 } });
	});

	it('keep what a part notes after its last page', async () => {
		const contacts = part('contacts', [{ page, notes: { at: 1 } }]);
		const late: MailboxPart = { ...contacts, async *enumerate(asked) { yield* contacts.enumerate(asked); }, notes: () => ({ contacts: { at: 2 } }) };
		expect(await notesOf(joinParts([late]))).toEqual({ contacts: { at: 2 } });
	});

	it.each(['conflict', 'invalid', 'denied', 'transient'] as const)('go on where one cannot be read as a whole (%s)', async (kind) => {
		const contacts = part('contacts', [{ notes: {}, fails: new Failure(kind, 'No') }]);
		const workload = joinParts([contacts, part('mail', [{ page, notes: { at: 1 } }])]);
		const scopes: string[] = [];
		for await (const { scopes: news } of workload.enumerate(input())) for (const { id, state } of news ?? []) if (state !== 'excluded') scopes.push(`${id} ${state}`);
		expect(scopes).toEqual([`contacts ${kind === 'denied' ? 'denied' : 'stale'}`]);
		expect(workload.notes()).toEqual({ mail: { at: 1 } });
	});

	it('stop where the repository is damaged, or nothing can be read at all', async () => {
		const damaged = part('contacts', [{ notes: {}, fails: new Failure('corrupt', 'A segment is damaged') }]);
		await expect(notesOf(joinParts([damaged, part('mail', [{ page, notes: {} }])]))).rejects.toThrow('damaged');
		const refused = (name: MailboxPartName): MailboxPart => part(name, [{ notes: {}, fails: new Failure('denied', `No ${name}`) }]);
		await expect(notesOf(joinParts([refused('contacts'), refused('mail')]))).rejects.toThrow('No mail');
	});

	it('remember that a part is in doubt until it has been enumerated, however many runs it is left out or refused', async () => {
		const asked: EnumerationInput[] = [];
		const fails = new Failure('transient', 'No');
		const first = await notesOf(joinParts([part('tasks', [{ notes: {}, fails }]), part('mail', [{ page, notes: { at: 1 } }], asked)]), { isInDoubt: true });
		expect(asked.at(-1)?.isInDoubt).toBe(true);
		const second = await notesOf(joinParts([part('mail', [{ page, notes: { at: 2 } }], asked)]), { notes: first });
		expect(asked.at(-1)?.isInDoubt).toBe(false);
		const third = await notesOf(joinParts([part('tasks', [{ page, notes: { t: 1 } }], asked), part('mail', [{ page, notes: { at: 3 } }])]), { notes: second });
		expect(asked.at(-1)?.isInDoubt).toBe(true);
		await notesOf(joinParts([part('tasks', [{ page, notes: { t: 1 } }], asked)]), { notes: third });
		expect(asked.at(-1)?.isInDoubt).toBe(false);
	});

	it('ask again about what one part could not tell, and go on with the others', async () => {
		const mail: MailboxPart = { ...part('mail', []), confirmMissing: (ids) => Promise.resolve(ids.map((id) => ({ kind: 'gone', id }))) };
		const tasks: MailboxPart = { ...part('tasks', []), confirmMissing: () => Promise.reject(new Failure('transient', 'No answer')) };
		const item = (id: string): KnownItem => ({ id, type: 'x', name: id, parent: 'p', hasContent: true, failedAttempts: 0, meta: {} });
		const held = { ...known, lookUp: (ids: readonly string[]) => Promise.resolve(new Map(ids.map((id) => [id, item(id)]))) };
		const changes = await joinParts([tasks, mail]).confirmMissing(['mail/1', 'tasks/1'], held, new AbortController().signal);
		expect(changes).toEqual([expect.objectContaining({ kind: 'failed', id: 'tasks/1', parent: 'p' }), { kind: 'gone', id: 'mail/1' }]);
	});
});
