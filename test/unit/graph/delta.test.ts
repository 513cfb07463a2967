import { describe, expect, it } from 'vitest';
import { FakeGraph, collect, graphError, graphUrl, innerRequests, json, mailbox, rejection } from './fake-graph';

const start = { kind: 'start' as const, path: `${mailbox}/mailFolders/f/messages/delta?$select=id` };
const link = { kind: 'link' as const, url: `${graphUrl}/v1.0/users('U')/mailFolders('F')/messages/delta?$deltatoken=abc%2Fd` };

describe('delta', () => {
	it('starts at a path and gives items with the next link, asking for the page size by preference only', async () => {
		const graph = new FakeGraph(() => json({ value: [{ id: 'a' }], '@odata.nextLink': link.url }));
		expect(await graph.client.delta(start, { maxPageSize: 50 })).toEqual({ items: [{ id: 'a' }], next: link.url });
		expect(graph.sent[0]?.url).toBe(`${graphUrl}/v1.0${start.path}`);
		expect(graph.sent[0]?.headers.get('prefer')).toBe('odata.maxpagesize=50, IdType="ImmutableId"');
	});

	it('follows a link verbatim and gives the delta link at the end, also of an empty page', async () => {
		const graph = new FakeGraph(() => json({ value: [], '@odata.deltaLink': link.url }));
		expect(await graph.client.delta(link)).toEqual({ items: [], delta: link.url });
		expect(graph.sent[0]?.url).toBe(link.url);
	});

	it.each([
		[410, 'SyncStateNotFound', undefined],
		[410, 'resyncRequired', undefined],
		[410, 'ResyncChangesApplyDifferences', undefined],
		[410, 'resyncChangesUploadDifferences', undefined],
		[410, 'SomethingNew', undefined],
		[400, 'SyncStateInvalid', undefined],
		[400, 'syncstatenotfound', undefined],
		[404, 'ErrorSyncFolderNotFound', undefined],
		[400, 'BadRequest', "Parameter 'DeltaToken' not supported for this request"],
	])('makes %i %s a value: resync', async (status, code, message) => {
		const graph = new FakeGraph(() => graphError(status, code, {}, message));
		expect(await graph.client.delta(link)).toEqual({ items: [], resync: {} });
		const batched = new FakeGraph((request) => json({ responses: innerRequests(request).map(({ id }) => ({ id, status, headers: {}, body: { error: { code, message: message ?? '' } } })) }));
		expect(await collect(batched.client.deltaBatch([{ id: 'folder', cursor: link }]))).toEqual([{ id: 'folder', page: { items: [], resync: {} } }]);
	});

	it('hands on where to start anew, unless that leads elsewhere', async () => {
		const restart = `${graphUrl}/v1.0/drives/d/root/delta?token=new`;
		const graph = new FakeGraph((_, number) => graphError(410, 'resyncRequired', { location: number === 1 ? restart : 'https://evil.example/x' }));
		expect(await graph.client.delta(link)).toEqual({ items: [], resync: { restartUrl: restart } });
		expect(await graph.client.delta(link)).toEqual({ items: [], resync: {} });
	});

	it.each([
		['a mailbox over its quota', 403, 'ErrorQuotaExceeded', 'quota'],
		['a folder that is gone', 404, 'ErrorItemNotFound', 'notFound'],
	])('fails for %s as %i %s', async (_what, status, code, kind) => {
		const graph = new FakeGraph(() => graphError(status, code));
		expect(await rejection(graph.client.delta(link))).toMatchObject({ kind, code });
	});

	it('sends nothing to the host of a stored link that is not the credential\'s', async () => {
		const graph = new FakeGraph(() => json({}));
		const foreign = { kind: 'link' as const, url: 'https://graph.other.example/v1.0/x?$deltatoken=1' };
		expect(await rejection(graph.client.delta(foreign))).toMatchObject({ kind: 'expiredCursor', code: 'foreignLink' });
		const [answer] = await collect(graph.client.deltaBatch([{ id: 'f', cursor: foreign }]));
		expect(answer?.failure).toMatchObject({ kind: 'expiredCursor', code: 'foreignLink' });
		expect(graph.sent).toEqual([]);
	});

	it('does not trust a page that ends without a link', async () => {
		const graph = new FakeGraph(() => json({ value: [{ id: 'a' }] }));
		expect(await rejection(graph.client.delta(link))).toMatchObject({ kind: 'transient', code: 'noLink' });
	});

	it('asks for many folders in one call', async () => {
		const graph = new FakeGraph((request) =>
			json({
				responses: innerRequests(request).map(({ id, url }) =>
					url.includes('gone') ? { id, status: 404, headers: {}, body: { error: { code: 'ErrorItemNotFound', message: '' } } } : { id, status: 200, headers: {}, body: { value: [{ url }], '@odata.deltaLink': link.url } },
				),
			}),
		);
		const cursors = ['one', 'gone', 'three'].map((id) => ({ id, cursor: { kind: 'start' as const, path: `${mailbox}/mailFolders/${id}/messages/delta` } }));
		const answers = await collect(graph.client.deltaBatch(cursors, { maxPageSize: 7 }));
		expect(answers.find(({ id }) => id === 'one')?.page).toEqual({ items: [{ url: `${mailbox}/mailFolders/one/messages/delta` }], delta: link.url });
		expect(answers.find(({ id }) => id === 'gone')?.failure).toMatchObject({ kind: 'notFound' });
		expect(answers).toHaveLength(3);
		expect(innerRequests(graph.sent[0]!)[0]?.headers['Prefer']).toContain('odata.maxpagesize=7');
		expect(graph.client.stats).toMatchObject({ requests: 3, calls: 1 });
	});
});
