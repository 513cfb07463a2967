import { describe, expect, it } from 'vitest';
import { checkMicrosoftCredential, type MicrosoftCredential } from '../../../nodes/M365Backup/graph/credential-check';
import { aadsts, FakeLogin } from './fake-login';

const credential = (more: Partial<MicrosoftCredential> = {}): MicrosoftCredential => ({
	tenantId: 'contoso.com',
	clientId: 'bbbbbbbb-0000-0000-0000-000000000002',
	authentication: 'secret',
	clientSecret: 's3cret-value',
	cloud: 'custom',
	loginUrl: 'https://login.example',
	graphUrl: 'https://graph.example',
	usedFor: 'backup',
	...more,
});

async function check(roles: string[], more: Partial<MicrosoftCredential> = {}, graph?: (url: string) => Response) {
	const login = new FakeLogin();
	login.roles = roles;
	if (graph) login.graph = graph;
	const result = await checkMicrosoftCredential(credential(more), { fetch: login.fetch });
	return { ...result, asked: login.sent.map(({ url }) => url).filter((url) => url.startsWith('https://graph.example')) };
}

const refusing = (url: string): Response => (url.includes('/users?') ? Response.json({ value: [{ id: 'u1', userPrincipalName: 'a@b.c' }, { id: 'u2', userPrincipalName: 'd@b.c' }] }) : Response.json({ error: { code: 'ErrorAccessDenied', message: '' } }, { status: 403 }));

describe('the test of the Microsoft credential', () => {
	it.each([
		['backup', ['User.ReadBasic.All', 'Mail.Read']],
		['backup', ['Directory.Read.All', 'Mail.ReadWrite']],
		['backupAndRestore', ['User.Read.All', 'Mail.ReadWrite']],
	] as const)('passes for %s with %j, and asks nothing of Graph', async (usedFor, roles) => {
		expect(await check([...roles], { usedFor })).toMatchObject({ status: 'OK', asked: [] });
	});

	it.each([
		['backup', ['Files.Read.All']],
		['backup', ['Sites.Selected']],
		['backup', ['User.ReadBasic.All', 'Sites.Read.All']],
		['backupAndRestore', ['Sites.Manage.All']],
		['backupAndRestore', ['Files.ReadWrite.All']],
	] as const)('passes for %s of drives and sites alone with %j', async (usedFor, roles) => {
		expect(await check([...roles], { usedFor })).toMatchObject({ status: 'OK', asked: [] });
	});

	it('names what restoring files lacks, and asks for no permission for mail', async () => {
		const result = await check(['Sites.Read.All'], { usedFor: 'backupAndRestore' });
		expect(result.message).toContain('permission Sites.ReadWrite.All:');
		expect(result.message).not.toContain('Mail');
	});

	it('names each permission that backup lacks', async () => {
		const result = await check([]);
		expect(result.status).toBe('Error');
		expect(result.message).toContain('User.ReadBasic.All and Mail.Read:');
		expect(result.message).toContain('admin consent');
	});

	it('names what restore lacks, though backup would do', async () => {
		const result = await check(['User.ReadBasic.All', 'Mail.Read'], { usedFor: 'backupAndRestore' }, refusing);
		expect(result).toMatchObject({ status: 'Error', message: expect.stringContaining('Backup and restore needs the application permission Mail.ReadWrite') as string });
	});

	it('calls mail unknown when no mailbox tried answers: Exchange may have granted it for others', async () => {
		const result = await check(['User.ReadBasic.All'], {}, refusing);
		expect(result.status).toBe('Error');
		expect(result.message).toContain('Mail.Read is granted for some mailboxes by Exchange RBAC');
		expect(result.message).toContain('unknown');
		expect(result.asked).toHaveLength(3);
	});

	it('passes when a mailbox answers though the token has no mail permission', async () => {
		const answering = (url: string): Response => (url.includes('u2/mailFolders') ? Response.json({ value: [] }) : refusing(url));
		expect(await check(['User.ReadBasic.All'], {}, answering)).toMatchObject({ status: 'OK' });
	});

	it('says what is wrong with the secret, without it', async () => {
		const login = new FakeLogin();
		login.refuse = () => aadsts(7000215, 401);
		const { status, message } = await checkMicrosoftCredential(credential(), { fetch: login.fetch });
		expect(status).toBe('Error');
		expect(message).toMatch(/does not accept the client secret.*paste its Value/);
		expect(message).not.toContain('s3cret');
	});

	it.each([{ tenantId: 'a b' }, { clientId: 'x' }, { clientSecret: '' }, { graphUrl: 'http://graph.example' }, { cloud: 'moon' as never }, { tenantId: undefined }])('sends nothing for %o', async (more) => {
		const login = new FakeLogin();
		expect(await checkMicrosoftCredential(credential(more), { fetch: login.fetch })).toMatchObject({ status: 'Error' });
		expect(login.sent).toEqual([]);
	});
});
