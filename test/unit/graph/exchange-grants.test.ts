import { describe, expect, it } from 'vitest';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import type { GraphClient, GraphRequest } from '../../../nodes/M365Backup/graph/client';
import { grantsByExchange } from '../../../nodes/M365Backup/graph/exchange-grants';

/** Two users; what may be read below them is listed, everything else is refused. */
function graph(open: readonly string[], refusal = new Failure('denied', 'Access is denied')): { client: GraphClient; asked: string[] } {
	const asked: string[] = [];
	const json = async ({ path }: GraphRequest): Promise<unknown> => {
		if (path.startsWith('/users?')) return { value: [{ id: 'u1', userPrincipalName: 'a@example.com' }, { id: 'u2', userPrincipalName: 'b@example.com' }] };
		asked.push(path);
		if (open.some((each) => path.startsWith(each))) return {};
		throw refusal;
	};
	return { client: { json } as unknown as GraphClient, asked };
}

const wanted = ['Mail.Read', 'Calendars.Read', 'Contacts.Read', 'MailboxSettings.Read', 'Tasks.Read.All'];

describe('permissions that Exchange grants for some mailboxes', () => {
	it('are found where any of a few mailboxes answers', async () => {
		const { client } = graph(['/users/u2/mailFolders', '/users/u1/mailboxSettings']);
		expect([...(await grantsByExchange(client, wanted))].sort()).toEqual(['Mail.Read', 'MailboxSettings.Read']);
	});

	it('each is asked for until it is found, and no further', async () => {
		const { client, asked } = graph(['/users/u1/']);
		expect((await grantsByExchange(client, wanted)).size).toBe(4);
		expect(asked.every((path) => path.startsWith('/users/u1/'))).toBe(true);
	});

	it('refusals prove nothing', async () => {
		expect((await grantsByExchange(graph([]).client, wanted)).size).toBe(0);
	});

	it('nothing is asked where nothing is lacking that Exchange could grant', async () => {
		const { client, asked } = graph(['/']);
		expect((await grantsByExchange(client, ['Tasks.Read.All', 'Files.Read.All'])).size).toBe(0);
		expect(asked).toEqual([]);
	});

	it('a fault is no refusal', async () => {
		await expect(grantsByExchange(graph([], new Failure('transient', 'The line broke')).client, wanted)).rejects.toMatchObject({ kind: 'transient' });
	});
});
