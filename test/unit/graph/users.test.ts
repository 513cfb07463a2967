import { describe, expect, it } from 'vitest';
import { findMailbox, listMailboxes } from '../../../nodes/M365Backup/graph/users';
import { FakeGraph, graphError, graphUrl, json, rejection } from './fake-graph';

const anna = { id: '11111111-2222-3333-4444-555555555555', displayName: "Anna O'Hara", userPrincipalName: 'anna@contoso.com', mail: 'anna.ohara@contoso.com' };

describe('finding a mailbox', () => {
	it('asks for the GUID or the sign-in name', async () => {
		const graph = new FakeGraph(() => json(anna));
		expect(await findMailbox(graph.client, ` ${anna.userPrincipalName} `)).toEqual(anna);
		expect(graph.sent[0]?.url).toBe(`${graphUrl}/v1.0/users/anna%40contoso.com?$select=id,displayName,userPrincipalName,mail`);
	});

	it('looks for the primary address when it is nobody\'s sign-in name', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(404, 'Request_ResourceNotFound') : json({ value: [anna] })));
		expect(await findMailbox(graph.client, "anna.o'hara@contoso.com")).toMatchObject({ id: anna.id });
		expect(decodeURIComponent(graph.sent[1]?.url ?? '')).toContain("$filter=mail eq 'anna.o''hara@contoso.com'");
	});

	it.each([
		['$cash@contoso.com', "/users('%24cash%40contoso.com')?"],
		["$o'hara@contoso.com", "/users('%24o%27%27hara%40contoso.com')?"],
		["o'hara+$&=@contoso.com", '/users/o%27hara%2B%24%26%3D%40contoso.com?'],
	])('asks for %s in a way that is no query option, no other path', async (name, path) => {
		const graph = new FakeGraph(() => json({ ...anna, userPrincipalName: name }));
		expect(await findMailbox(graph.client, name)).toMatchObject({ id: anna.id });
		expect(graph.sent.map(({ url }) => url)).toEqual([expect.stringContaining(`${graphUrl}/v1.0${path}`)]);
	});

	it('takes none of several users that have the address: it may be the mailbox of somebody else', async () => {
		const other = { ...anna, id: '22222222-2222-3333-4444-555555555555', userPrincipalName: 'old.anna@contoso.com' };
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(404, 'Request_ResourceNotFound') : json({ value: [anna, other] })));
		expect(await rejection(findMailbox(graph.client, 'anna.ohara@contoso.com'))).toMatchObject({
			kind: 'invalid',
			message: 'Several users of the tenant have the address anna.ohara@contoso.com',
			nextStep: expect.stringContaining('anna@contoso.com, old.anna@contoso.com') as string,
		});
	});

	it('takes the person, not a guest who has the same address', async () => {
		const guest = { ...anna, id: '22222222-2222-3333-4444-555555555555', userPrincipalName: 'anna_contoso.com#EXT#@contoso.com' };
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(404, 'Request_ResourceNotFound') : json({ value: [guest, anna] })));
		expect(await findMailbox(graph.client, 'anna.ohara@contoso.com')).toMatchObject({ id: anna.id });
	});

	it('says that the tenant has none such', async () => {
		const graph = new FakeGraph((_, number) => (number === 1 ? graphError(404, 'Request_ResourceNotFound') : json({ value: [] })));
		expect(await rejection(findMailbox(graph.client, 'nobody@contoso.com'))).toMatchObject({ kind: 'notFound', message: 'The tenant has no user nobody@contoso.com' });
	});

	it('names the permission when it is denied', async () => {
		const graph = new FakeGraph(() => graphError(403, 'Authorization_RequestDenied'));
		expect(await rejection(findMailbox(graph.client, anna.id))).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('User.ReadBasic.All') as string });
	});

	it.each(['', 'anna', 'me', '../groups/x', "a'b", 'a@b/../c', 'delta'])('sends nothing for "%s"', async (name) => {
		const graph = new FakeGraph(() => json(anna));
		expect(await rejection(findMailbox(graph.client, name))).toMatchObject({ kind: 'invalid' });
		expect(graph.sent).toEqual([]);
	});
});

describe('listing mailboxes', () => {
	it('gives a page and how to go on, without guests', async () => {
		const next = `${graphUrl}/v1.0/users?$skiptoken=2`;
		const guest = { ...anna, userPrincipalName: 'x_y.com#EXT#@contoso.com' };
		const graph = new FakeGraph(() => json({ value: [anna, guest, { id: 'i', displayName: null, userPrincipalName: 'room@contoso.com', mail: null }], '@odata.nextLink': next }));
		expect(await listMailboxes(graph.client, { limit: 3 })).toEqual({ mailboxes: [anna, { id: 'i', displayName: 'room@contoso.com', userPrincipalName: 'room@contoso.com' }], nextLink: next });
		expect(graph.sent[0]?.url).toContain('$top=3');
		await listMailboxes(graph.client, { nextLink: next });
		expect(graph.sent[1]?.url).toBe(next);
	});

	it('filters by the start of name, sign-in name or address, with quotes doubled', async () => {
		const graph = new FakeGraph(() => json({ value: [] }));
		await listMailboxes(graph.client, { filter: "O'H&x" });
		expect(new URL(graph.sent[0]!.url).searchParams.get('$filter')).toBe("startswith(displayName,'O''H&x') or startswith(userPrincipalName,'O''H&x') or startswith(mail,'O''H&x')");
	});

	it('does not follow a page elsewhere', async () => {
		const graph = new FakeGraph(() => json({ value: [] }));
		expect(await rejection(listMailboxes(graph.client, { nextLink: 'https://evil.example/users' }))).toMatchObject({ code: 'foreignLink' });
		expect(graph.sent).toEqual([]);
	});
});
