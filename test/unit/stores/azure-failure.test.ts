import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { Failure } from '../../../nodes/M365Backup/base/failure';
import { createAzureClient } from '../../../nodes/M365Backup/stores/azure/azure-client';
import { AzureContainer } from '../../../nodes/M365Backup/stores/azure/azure-container';
import { azurePlaceOf, checkSettings, serviceOf, type AzureSettings } from '../../../nodes/M365Backup/stores/azure/azure-settings';
import { AzureStore } from '../../../nodes/M365Backup/stores/azure/azure-store';
import { listed, text } from '../../contract/sources';

const accountKey = Buffer.from('a secret account key of some length').toString('base64');
const signature = 'abcdefghijklmnop+qrstuvwxyz/0123456789=';

/** What the service answers, from its documentation, read through the real SDK. */
interface Answer {
	status: number;
	code?: string;
	message?: string;
	headers?: Record<string, string>;
	body?: string;
}

describe('errors of Azure Blob Storage', () => {
	let server: Server;
	let answer: Answer = { status: 500 };
	let settings: AzureSettings;

	beforeAll(async () => {
		server = createServer((_, response) => {
			const { status, code, message, headers = {}, body } = answer;
			response.writeHead(status, { 'content-type': 'application/xml', ...(code !== undefined && { 'x-ms-error-code': code }), ...headers });
			response.end(body ?? `\uFEFF<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}\nRequestId:f3a4b5c6-001e-0029-0000-000000000000\nTime:2026-11-22T10:00:00.0000000Z</Message></Error>`);
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		settings = { account: 'contoso', authentication: 'accountKey', accountKey, sasToken: '', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/contoso`, caCertificate: '' };
	});
	afterAll(() => void server.close());

	function store(more: Partial<AzureSettings> = {}): AzureStore {
		const all = { ...settings, ...more };
		return new AzureStore(new AzureContainer(createAzureClient(all), azurePlaceOf('backups', ''), all, { ambient: realAmbient, attempts: 1 }));
	}

	async function failureOf(action: () => Promise<unknown>, told?: Answer): Promise<Failure> {
		if (told) answer = told;
		try {
			await action();
		} catch (error) {
			return error as Failure;
		}
		throw new Error('no failure');
	}

	it.each<[string, Answer, object]>([
		['a wrong key', { status: 403, code: 'AuthenticationFailed', message: 'Server failed to authenticate the request.' }, { kind: 'denied', message: expect.stringContaining('does not accept the key'), nextStep: expect.stringContaining('clock') }],
		['a signature that may not', { status: 403, code: 'AuthorizationPermissionMismatch', message: 'This request is not authorized to perform this operation using this permission.' }, { kind: 'denied', nextStep: expect.stringContaining('permission List on container backups') }],
		['a firewall', { status: 403, code: 'AuthorizationFailure', message: 'This request is not authorized to perform this operation.' }, { kind: 'denied', nextStep: expect.stringContaining('Networking') }],
		['a missing container', { status: 404, code: 'ContainerNotFound', message: 'The specified container does not exist.' }, { kind: 'invalid', message: expect.stringContaining('there is no container "backups"') }],
		['a container that is being deleted', { status: 409, code: 'ContainerBeingDeleted', message: 'The specified container is being deleted.' }, { kind: 'invalid' }],
		['too many requests', { status: 503, code: 'ServerBusy', message: 'The server is currently unable to receive requests.', headers: { 'retry-after': '7' } }, { kind: 'throttled', retryAfterMs: 7000, status: 503 }],
		['its own fault', { status: 500, code: 'InternalError', message: 'The server encountered an internal error.' }, { kind: 'transient' }],
		['a gateway in between', { status: 502, body: '<html>Bad Gateway</html>', headers: { 'content-type': 'text/html' } }, { kind: 'transient', status: 502 }],
		['a disabled account', { status: 403, code: 'AccountIsDisabled', message: 'The specified account is disabled.' }, { kind: 'denied' }],
		['http where https is wanted', { status: 400, code: 'AccountRequiresHttps', message: 'The account being accessed does not support http.' }, { kind: 'denied', nextStep: expect.stringContaining('https://') }],
	])('%s', async (_name, told, expected) => {
		const failure = await failureOf(() => listed(store(), ''), told);
		expect(failure).toMatchObject(expected);
		expect(failure.message).not.toMatch(/RequestId|\n/);
	});

	/** As the service answers with `AuthenticationErrorDetail`. */
	const refused = (detail: string): Answer => ({
		status: 403,
		code: 'AuthenticationFailed',
		body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:1\nTime:2</Message><AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail></Error>`,
	});

	it('a signature that has run out: says when', async () => {
		const run = store({ authentication: 'sas', accountKey: '', sasToken: 'sp=rl&se=2026-01-31T23%3A00%3A00Z&sig=abcdefgh' });
		const told = refused('Signature not valid in the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT] - Expiry [Sat, 31 Jan 2026 23:00:00 GMT] - Current [Sun, 22 Nov 2026 10:00:00 GMT]');
		const failure = await failureOf(() => listed(run, ''), told);
		expect(failure).toMatchObject({ kind: 'denied', message: expect.stringContaining('has run out or is not valid yet (it ends 2026-01-31T23:00:00Z)') as unknown, nextStep: expect.stringContaining('new shared access signature') as unknown });
		expect(await failureOf(() => listed(run, ''), { status: 403, code: 'AuthenticationFailed', message: 'no' })).toMatchObject({ message: expect.stringContaining('it ends 2026-01-31T23:00:00Z') as unknown });
	});

	it('a clock that is wrong', async () => {
		const failure = await failureOf(() => listed(store(), ''), refused("Request date header too old: 'Sun, 22 Nov 2026 09:00:00 GMT'"));
		expect(failure).toMatchObject({ kind: 'invalid', message: expect.stringContaining('clock of this machine') as unknown, nextStep: expect.stringContaining('NTP') as unknown });
	});

	it('a file in the archive tier', async () => {
		const failure = await failureOf(() => store().get('a'), { status: 409, code: 'BlobArchived', message: 'This operation is not permitted on an archived blob.' });
		expect(failure).toMatchObject({ kind: 'denied', nextStep: expect.stringContaining('Rehydrate') as unknown });
	});

	it('a missing file is no error, a missing container is', async () => {
		answer = { status: 404, code: 'BlobNotFound', message: 'The specified blob does not exist.' };
		expect(await store().get('a')).toBeNull();
		expect(await failureOf(() => store().get('a'), { status: 404, code: 'ContainerNotFound', message: 'The specified container does not exist.' })).toMatchObject({ kind: 'invalid' });
	});

	it('a file that a policy keeps is locked; it says which', async () => {
		const failure = await failureOf(() => store().delete(['a', 'b']), { status: 409, code: 'BlobImmutableDueToPolicy', message: 'This operation is not permitted as the blob is immutable due to a policy.' });
		expect(failure).toMatchObject({ kind: 'denied', code: 'locked', message: expect.stringMatching(/^[ab] in Azure container backups/) as unknown });
	});

	it('a policy that forbids overwriting is not told as a lock that one can wait for', async () => {
		const failure = await failureOf(() => store().put('cursor.json', text('x')), { status: 409, code: 'BlobImmutableDueToPolicy', message: 'This operation is not permitted as the blob is immutable due to a policy.' });
		expect(failure).toMatchObject({ kind: 'denied', code: 'BlobImmutableDueToPolicy', message: expect.stringContaining('forbids overwriting') as unknown, nextStep: expect.stringContaining('level of versions') as unknown });
	});

	it('nobody there: says what to check', async () => {
		const failure = await failureOf(() => listed(store({ endpoint: 'http://127.0.0.1:9/contoso' }), ''));
		expect(failure).toMatchObject({ kind: 'transient', code: 'ECONNREFUSED', nextStep: expect.stringContaining('endpoint') as unknown });
	});

	it('no key and no signature stands in a message or behind it, even if the service repeats it', async () => {
		const sas = { authentication: 'sas' as const, accountKey: '', sasToken: `?sv=2025-01-05&sp=racwdl&sig=${encodeURIComponent(signature)}` };
		for (const [more, secret] of [[{}, accountKey], [sas, signature]] as const) {
			const failure = await failureOf(() => store(more).put('a', text('x')), { status: 400, code: 'InvalidQueryParameterValue', message: `Value ${secret} or ${encodeURIComponent(secret)} is wrong` });
			const told = JSON.stringify([failure, failure.message, failure.nextStep, failure.cause]);
			expect(told).toContain('(hidden)');
			expect(told).not.toContain(secret);
			expect(told).not.toContain(encodeURIComponent(secret));
		}
	});

	it.each<[string, Partial<AzureSettings>, string]>([
		['no account', { account: '', endpoint: '' }, 'lacks the name of the storage account'],
		['a whole address as account', { account: 'contoso.blob.core.windows.net', endpoint: '' }, 'is no name of a storage account'],
		['no key', { accountKey: '' }, 'lacks the account key'],
		['a connection string as key', { accountKey: 'DefaultEndpointsProtocol=https;AccountName=a' }, 'is no key of a storage account'],
		['no signature', { authentication: 'sas' }, 'lacks the shared access signature'],
		['half a signature', { authentication: 'sas', sasToken: 'sp=r&sv=2025' }, 'has no signature in it'],
		['an endpoint that is none', { endpoint: 'ftp://a' }, 'is no address of a blob service'],
		['a certificate that is none', { caCertificate: 'x' }, 'cannot be read'],
	])('%s is refused before anything is asked', (_name, more, said) => {
		expect(() => checkSettings({ ...settings, ...more })).toThrow(said);
	});

	it('takes endpoints with and without scheme and slash, and whole SAS addresses', () => {
		expect(serviceOf({ account: 'contoso', endpoint: '' })).toBe('https://contoso.blob.core.windows.net');
		expect(serviceOf({ account: 'contoso', endpoint: 'contoso.blob.core.chinacloudapi.cn/' })).toBe('https://contoso.blob.core.chinacloudapi.cn');
		expect(() => checkSettings({ ...settings, authentication: 'sas', sasToken: 'https://contoso.blob.core.windows.net/c?sp=r&sig=x' })).not.toThrow();
	});

	it.each(['', 'ab', 'Contoso', 'a--b', 'a/b', '-ab'])('"%s" is no name of a container', (name) => {
		expect(() => azurePlaceOf(name, '')).toThrow(/container/);
	});
});
