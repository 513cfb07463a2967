import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { addMessage, bytesOf, commitInput, message, openNew, readAll, SOURCE, stateOf, tombstone } from './fixtures';

const KEY = sourceKey(SOURCE);

describe('a run', () => {
	it('gives back what it stored', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await addMessage(run, 'mail/1', 'From: a\r\n\r\nHello');
		await addMessage(run, 'mail/2', '');
		await run.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Inbox', meta: { role: 'inbox' } });
		const snapshot = await run.commit(commitInput({ cursor: { scopes: { mail: 'https://link' }, failed: [], seen: [] } }));

		const newest = await repository.newest(KEY);
		expect(newest).toEqual({ snapshot, isPartial: false });
		const entries = await stateOf(repository, snapshot);
		expect([...entries.keys()]).toEqual(['mail/1', 'mail/2', 'mail/inbox']);
		const [ref] = entries.get('mail/1')!.content!;
		expect((await readAll(repository.readContent(KEY, ref!))).toString()).toBe('From: a\r\n\r\nHello');
		const [empty] = entries.get('mail/2')!.content!;
		expect(await readAll(repository.readContent(KEY, empty!))).toHaveLength(0);
		expect((await repository.cursor(KEY))?.scopes).toEqual({ mail: 'https://link' });
	});

	it('keeps an item whose contents stand on both sides of a commit', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		const first = await run.addContent({ entryName: 'event.json', content: bytesOf('The event') });
		await run.commit(commitInput({ status: 'partial' }));
		const second = await run.addContent({ entryName: 'agenda.pdf', content: bytesOf('Its attachment') });
		await run.add(message('calendar/1', { content: [first, { ...second, part: 'attachment-1' }] }));
		await run.commit(commitInput({ status: 'partial' }));
		await run.add(message('calendar/2'));
		const snapshot = await run.commit(commitInput());
		const refs = (await stateOf(repository, snapshot)).get('calendar/1')!.content!;
		const read = await Promise.all(refs.map(async (ref) => (await readAll(repository.readContent(KEY, ref))).toString()));
		expect(read).toEqual(['The event', 'Its attachment']);
	});

	it('lays a later commit over the earlier one, which stays as it was', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		for (let index = 0; index < 20; index++) await run.add(message(`mail/${String(index).padStart(2, '0')}`, { meta: { read: true } }));
		const first = await run.commit(commitInput({ status: 'partial' }));
		await run.add({ id: 'mail/03', name: 'Renamed', meta: { read: null, flag: 1 } });
		await run.add(tombstone('mail/04'));
		expect((await run.lookUp(['mail/03', 'mail/04', 'mail/99']))).toEqual(
			new Map([
				['mail/03', { id: 'mail/03', type: 'message', name: 'Renamed', parent: 'mail/inbox', meta: { flag: 1 } }],
				['mail/04', null],
			]),
		);
		const second = await run.commit(commitInput());
		expect(second.parent?.id).toBe(first.id);
		expect(second.id > first.id).toBe(true);
		expect(second.segments).toHaveLength(2);
		expect((await stateOf(repository, first)).get('mail/03')?.name).toBe('Subject of mail/03');
		const now = await stateOf(repository, second);
		expect(now.get('mail/03')).toMatchObject({ name: 'Renamed', meta: { flag: 1 } });
		expect(now.has('mail/04')).toBe(false);
		expect((await repository.catalog(second).lookUp(['mail/03', 'mail/04', 'mail/05']))).toEqual(
			new Map([['mail/03', now.get('mail/03')], ['mail/05', now.get('mail/05')]]),
		);
	});
});
