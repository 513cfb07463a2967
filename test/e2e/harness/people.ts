import type { N8nClient, Owner } from './n8n-client';
import type { N8nServer } from './n8n-server';

/** Somebody with an n8n account: nobody's administrator, as those are who fill in forms. */
export interface Person extends Owner {
	/** n8n's number of the account. */
	id: string;
}

interface Invitation {
	user: { id: string; inviteAcceptUrl: string };
}

/** Invites somebody and accepts for them. The e-mail address is what forms get to know. */
export async function addPerson(n8n: N8nServer, email: string, firstName = 'Some'): Promise<Person> {
	const client: N8nClient = n8n.client;
	const [invitation] = await client.request<Invitation[]>('POST', '/invitations', [{ email, role: 'global:member' }]);
	if (invitation === undefined) {
		throw new Error(`n8n did not invite ${email}`);
	}
	const token = new URL(invitation.user.inviteAcceptUrl).searchParams.get('token');
	const password = 'Backup-Demo-2026';
	const answer = await fetch(`${n8n.url}/rest/invitations/accept`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'browser-id': email },
		body: JSON.stringify({ token, firstName, lastName: 'Body', password }),
	});
	if (!answer.ok) {
		throw new Error(`n8n did not let ${email} in: ${answer.status} ${await answer.text()}`);
	}
	return { email, password, id: invitation.user.id };
}
