import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GeneratedContent } from '../simulator/drive-content';
import type { Fault, FaultAction } from '../simulator/faults';
import { addVariety } from '../simulator/generate-tenant';
import { EXCHANGE_ROLES } from '../simulator/permissions';
import type { Site } from '../simulator/site-store';
import type { TenantUser } from '../simulator/tenant';
import { SecretSearch } from '../support/secret-search';
import { searchBytes, searchDatabase, searchFolder, type Leak, type Searched } from '../support/search-written';
import { credentialNames, microsoftCredentialType, tenantCredential } from './harness/credentials';
import type { Execution } from './harness/execution';
import { marker, MarkedSecrets } from './harness/marked-secrets';
import type { WorkflowJson, WorkflowNode } from './harness/n8n-client';
import { chain, node, ourNode, pick } from './harness/our-node';
import { ourNodeType } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const encryptionCredentialType = 'm365BackupEncryptionApi';
const bucketCredentialType = 'm365BackupS3Api';
const containerCredentialType = 'm365BackupAzureBlobApi';

/**
 * Everything that the node does, well and badly, in a real n8n that logs all that it can and keeps binary data in files.
 * Then all that was written anywhere is searched for everything secret that n8n was given or that the simulated tenant
 * handed out: tokens, download, upload and import addresses.
 */
describe('secrets, in whatever n8n and the node wrote', () => {
	let stage: Stage;
	let secrets: MarkedSecrets;
	let proxy: Server;
	let proxied = 0;
	let user: TenantUser;
	let site: Site;
	let common: Record<string, unknown>;
	/** What is no secret and must be found wherever contents go: otherwise the search proves nothing. */
	const witness = `witness${marker()}`;
	/** What n8n answered and mailed, by what was asked. */
	const said: { place: string; text: string }[] = [];
	const failures: string[] = [];
	const credentialIds = new Map<string, string>();
	let runs = 0;
	let searched: Awaited<ReturnType<typeof searchAll>>;

	beforeAll(async () => {
		secrets = await MarkedSecrets.make();
		// Refuses everybody, as a company's proxy does for hosts that it does not know.
		proxy = createServer(({ method, url, headers }, response) => response.writeHead(403).end(`<Error><Code>AccessDenied</Code><Message>${method} ${url} ${JSON.stringify(headers)}</Message></Error>`));
		proxy.on('connect', (_request, socket) => {
			proxied++;
			socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
		});
		await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
		const env = {
			N8N_LOG_LEVEL: 'debug',
			N8N_LOG_OUTPUT: 'console,file',
			N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem',
			NODE_USE_ENV_PROXY: '1',
			HTTPS_PROXY: `http://backup:${secrets.proxyPassword}@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
			NO_PROXY: '127.0.0.1,localhost',
		};
		stage = await Stage.start({ simulator: { users: 1, messages: 10, seed: 5, keepSecrets: true, switches: { tenantSize: '50k+' } }, n8n: { env }, roles: [...EXCHANGE_ROLES, 'Sites.Manage.All'], requestLimits: 'none' });
		const { tenant } = stage.simulator;
		tenant.throttle.speed = 10_000;
		tenant.assertions.register(secrets.certificate);
		user = tenant.users[0]!;
		fill();
		common = { repositoryFolder: stage.repositoryFolder };
		await createCredentials();
		await goWell();
		await goBadly();
		searched = await searchAll();
	}, 900_000);
	afterAll(async () => {
		await stage?.stop();
		await new Promise((resolve) => proxy.close(resolve));
	});

	function fill(): void {
		const { tenant } = stage.simulator;
		const { mailbox, drive } = user as { mailbox: NonNullable<TenantUser['mailbox']>; drive: NonNullable<TenantUser['drive']> };
		addVariety(mailbox, { folder: 'inbox' });
		// Large enough for an upload session.
		const attachment = randomBytes(3_300_000).toString('base64').replace(/.{76}/g, '$&\r\n');
		const part = 'Content-Type: application/octet-stream; name="large.bin"\r\nContent-Disposition: attachment; filename="large.bin"\r\nContent-Transfer-Encoding: base64';
		mailbox.addMime('inbox', `From: a@example.com\r\nSubject: Large\r\nMessage-ID: <l@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText\r\n--b\r\n${part}\r\n\r\n${attachment}\r\n--b--\r\n`);
		mailbox.addMime('inbox', `From: a@example.com\r\nSubject: ${witness}\r\nMessage-ID: <w@example.com>\r\n\r\n${witness}\r\n`);
		mailbox.contacts.add('default', { displayName: 'Carla Cruz' });
		mailbox.todo.add(mailbox.todo.defaultList, { title: 'Water the flowers', attachments: [{ name: 'a.txt', content: 'A' }] });
		drive.addFile('Docs', 'large.bin', new GeneratedContent(1, 7_000_000));
		const file = drive.addFile('Docs', `${witness}.txt`, witness);
		drive.edit(file, `${witness} again`);
		drive.share(file, { link: 'view', scope: 'organization' });
		for (let n = 0; n < 5; n++) drive.addFile('Docs', `small ${n}.txt`, `small ${n}`);
		site = tenant.addSite({ name: 'marketing', displayName: 'Marketing', owner: user });
		site.library('Documents').drive.addFile('2026', 'plan.txt', witness);
		site.addList({ displayName: 'Projects', template: 'genericList' }).addItem({ Title: witness });
		site.addPage({ title: 'Home', name: 'home.aspx' });
	}

	async function createCredentials(): Promise<void> {
		const good = tenantCredential(stage.simulator, 'none');
		const certificate = { ...good, authentication: 'certificate', certificate: secrets.certificate, privateKey: secrets.privateKey };
		const made: [string, string, Record<string, unknown>][] = [
			['Wrong Secret', microsoftCredentialType, { ...good, clientSecret: secrets.wrongSecret }],
			['Certificate', microsoftCredentialType, certificate],
			['Broken Key', microsoftCredentialType, { ...certificate, privateKey: secrets.privateKey.replace('PRIVATE KEY', 'PRIVAT KEY') }],
			['Behind Proxy', microsoftCredentialType, { ...good, loginUrl: 'https://login.contoso.example' }],
			['Encryption', encryptionCredentialType, { secretKey: secrets.identity }],
			['Other Encryption', encryptionCredentialType, { secretKey: secrets.otherIdentity }],
			// Nobody is let in there: what the service is sent, it sends back.
			['Bucket', bucketCredentialType, { endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, region: 'us-east-1', accessKeyId: 'backup', secretAccessKey: secrets.bucketKey, addressing: 'path' }],
			['Container', containerCredentialType, { account: 'contoso', authentication: 'sas', sasToken: `sv=2025-01-05&sp=rl&sig=${secrets.containerSignature}`, endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/contoso` }],
			['Broken Encryption', encryptionCredentialType, { secretKey: secrets.identity.slice(0, -1) }],
		];
		const [microsoft] = (await stage.n8n.client.request<{ id: string; name: string }[]>('GET', '/credentials')).filter(({ name }) => name === credentialNames.microsoft);
		credentialIds.set(credentialNames.microsoft, microsoft!.id);
		for (const [name, type, data] of made) {
			const id = await stage.n8n.client.createCredential(name, type, data);
			credentialIds.set(name, id);
			for (const echo of name === 'Wrong Secret' || name === 'Certificate' ? (['form', 'bare keys', undefined] as const) : [undefined]) {
				if (echo) stage.simulator.tenant.loginFaults.script({ match: 'POST *token*', do: { status: 400, echo } });
				said.push({ place: `test of credential ${name}`, text: JSON.stringify(await stage.n8n.client.testCredential(id, name, type, data)) });
				stage.simulator.tenant.loginFaults.clear();
			}
		}
	}

	/** By number: where there are several of a kind, n8n does not find them by their names. */
	const credential = (name: string, type = microsoftCredentialType): Partial<WorkflowNode> => ({
		credentials: { [microsoftCredentialType]: known(credentialNames.microsoft), [type]: known(name) },
	});
	const known = (name: string): { id: string; name: string } => ({ id: credentialIds.get(name)!, name });
	const backUpMailbox = (parameters = {}, more = {}): WorkflowNode => ourNode('Do', 'mailbox/backUp', { ...common, mailbox: pick(user.userPrincipalName), ...parameters }, more);
	const backUpDrive = (parameters = {}, more = {}): WorkflowNode => ourNode('Do', 'drive/backUp', { ...common, driveOf: 'user', driveUser: pick(user.userPrincipalName), options: { versions: 2, permissions: true }, ...parameters }, more);
	const backUpSite = (parameters = {}, more = {}): WorkflowNode => ourNode('Do', 'site/backUp', { ...common, site: pick(site.webUrl, 'url'), ...parameters }, more);
	const sourceNames = { mailbox: (): string => user.userPrincipalName, drive: (): string => `${user.userPrincipalName} – OneDrive`, site: (): string => 'Marketing' };
	const restore = (what: keyof typeof sourceNames, more = {}): WorkflowNode =>
		ourNode('Do', 'item/restore', { ...common, mode: 'restore', source: pick(sourceNames[what]()), selection: 'everything', destination: 'newFolder', targetFolder: 'Back', conflictPolicy: 'keepBoth', ...more });

	async function run(name: string, nodes: readonly WorkflowNode[], settings: Record<string, unknown> = {}): Promise<Execution> {
		const ofOurs = nodes.map((each) => (each.type === ourNodeType && each.credentials?.[microsoftCredentialType]?.id === undefined ? { ...each, ...credential(credentialNames.microsoft) } : each));
		const workflow: WorkflowJson = { ...chain(`secrets${++runs}`, ofOurs), name: `${name} ${witness}` };
		workflow.settings = { ...workflow.settings, ...settings };
		await stage.put(workflow);
		const execution = await stage.n8n.client.run(workflow.id, 'Start');
		said.push({ place: `execution of ${name}`, text: JSON.stringify(await stage.n8n.client.request('GET', `/executions/${execution.id}`)) });
		return execution;
	}

	async function well(name: string, ...nodes: WorkflowNode[]): Promise<void> {
		const { error } = await run(name, nodes);
		expect(error, name).toBeUndefined();
	}

	/** Once as an error that ends the execution, once as an item that is mailed. */
	async function badly(name: string, failing: WorkflowNode, faults: readonly Fault[] = [], { login = false, settings = {}, mails = false } = {}): Promise<void> {
		const { tenant } = stage.simulator;
		const script = (): void => faults.forEach((fault) => (login ? tenant.loginFaults : tenant.faults).script(fault));
		script();
		const ended = await run(name, [failing], settings);
		tenant.faults.clear();
		failures.push(`${name}: ${ended.error === undefined ? `${ended.status} ${JSON.stringify(ended.runs.get('Do')?.[0]?.items.map(({ json }) => json) ?? null).slice(0, 3000)}` : `${ended.error.message} ${ended.error.description ?? ''}`}`);
		if (mails) {
			script();
			const text = '={{ JSON.stringify($json) }}';
			const mail = node('Mail', 'n8n-nodes-base.emailSend', 2.1, { resource: 'email', operation: 'send', fromEmail: 'n8n@example.com', toEmail: 'it@example.com', subject: '={{ $json.message || $json.error }}', emailFormat: 'text', text, options: {} }, { credentials: { smtp: { name: credentialNames.mailServer } } });
			await run(`${name}, mailed`, [{ ...failing, onError: 'continueRegularOutput' }, mail], settings);
		}
		tenant.faults.clear();
		tenant.loginFaults.clear();
	}

	async function goWell(): Promise<void> {
		await well('mailbox', backUpMailbox());
		await well('drive', backUpDrive());
		await well('site', backUpSite());
		user.drive!.edit(user.drive!.item('Docs/small 0.txt'), 'changed');
		user.mailbox!.addMime('inbox', `From: a@example.com\r\nSubject: Later\r\n\r\n${witness}\r\n`);
		await well('changes of the mailbox, by certificate', backUpMailbox({}, credential('Certificate')));
		await well('changes of the drive', backUpDrive());
		const encrypted = { repositoryFolder: `${stage.repositoryFolder}-encrypted`, repositoryEncrypted: true };
		await well('encrypted drive', backUpDrive(encrypted, credential('Encryption', encryptionCredentialType)));
		await well('encrypted mailbox', backUpMailbox({ ...encrypted, options: { content: ['mail'] } }, credential('Encryption', encryptionCredentialType)));
		await well('verification of what is encrypted', ourNode('Do', 'repository/verify', { ...encrypted, thoroughness: 'deep' }, credential('Encryption', encryptionCredentialType)));
		await well(
			'copy',
			ourNode('Files', 'repository/getFilesToCopy', { ...common, target: 'second' }),
			node('Write', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'write', fileName: `={{ '${stage.copyFolder}/' + $json.fileName }}`, options: {} }),
			ourNode('Do', 'repository/confirmCopied', { ...common, target: 'second' }),
		);
		await well('verification', ourNode('Do', 'repository/verify', { ...common, thoroughness: 'deep' }));
		await well('prune', ourNode('Do', 'snapshot/prune', { ...common, mode: 'prune', retention: 'days', keepDays: 1, output: 'snapshots' }));
		await well('hold', ourNode('Do', 'snapshot/hold', { ...common, source: pick(user.userPrincipalName), snapshot: pick('latest', 'list'), heldBy: 'legal@example.com', reason: 'Case' }));
		const everything = { ...common, selection: 'search', query: { dateAfter: '1980-01-01' } };
		for (const what of ['mailbox', 'drive', 'site'] as const) {
			await well(`search in ${what}`, ourNode('Do', 'item/search', { ...common, source: pick(sourceNames[what]()), returnAll: true, simplify: false, query: {} }));
			await well(`export of ${what}`, ourNode('Do', 'item/export', { ...everything, source: pick(sourceNames[what]()) }));
			await well(`restore of ${what}`, restore(what));
		}
		await well('lists', ourNode('Mailboxes', 'mailbox/getMany', { returnAll: true }), ourNode('Drives', 'drive/getMany', { returnAll: true }), ourNode('Do', 'site/getMany', { returnAll: true }));
	}

	async function goBadly(): Promise<void> {
		const always = (match: Fault['match'], action: FaultAction): Fault => ({ match, times: Number.POSITIVE_INFINITY, do: action });
		const echoing = (match: Fault['match'], status = 400): Fault[] => [always(match, { status, echo: 'each' })];
		for (const echo of ['form', 'bare keys', 'web page', 'other JSON'] as const) {
			await badly(`wrong secret, ${echo}`, backUpMailbox({}, credential('Wrong Secret')), [always('POST *token*', { status: 400, echo })], { login: true, mails: echo === 'bare keys' });
		}
		await badly('wrong secret', backUpMailbox({}, credential('Wrong Secret')));
		await badly('private key that is none', backUpMailbox({}, credential('Broken Key')));
		await badly('proxy that refuses', backUpMailbox({}, credential('Behind Proxy')));
		const encrypted = { repositoryFolder: `${stage.repositoryFolder}-encrypted`, repositoryEncrypted: true };
		await badly('encryption key that is none', backUpMailbox(encrypted, credential('Broken Encryption', encryptionCredentialType)), [], { mails: true });
		await badly('key of another repository', ourNode('Do', 'repository/verify', encrypted, credential('Other Encryption', encryptionCredentialType)));
		await badly('bucket that refuses', ourNode('Do', 'repository/verify', { repositoryType: 's3Bucket', repositoryBucket: 'contoso-backup' }, credential('Bucket', bucketCredentialType)));
		await badly('container that refuses', ourNode('Do', 'repository/verify', { repositoryType: 'azureBlob', repositoryContainer: 'contoso-backup' }, credential('Container', containerCredentialType)), [], { mails: true });
		await badly('list of mailboxes', ourNode('Do', 'mailbox/getMany', { returnAll: true }), echoing('GET /users*', 403));
		await badly('mailbox that refuses', backUpMailbox(), echoing(/^GET \/users\/[^/]+/, 403));
		await badly('messages that fail', changedMailbox({ failWhenIncomplete: false }), echoing(/\$value|exportItems/), { mails: true });
		await badly('drive that refuses', backUpDrive(), echoing(/^GET \/(users\/[^/]+\/drive|drives)/));
		await badly('drive whose files fail', changedDrive(), echoing(/download\.aspx/), { mails: true });
		await badly('drive whose files are refused', changedDrive({ failWhenIncomplete: false }), echoing(/download\.aspx/, 403));
		await badly('drive whose versions and permissions fail', changedDrive(), echoing(/(versions|permissions)/, 501));
		await badly('downloads that lead elsewhere', changedDrive(), [always('GET *download.aspx*', { status: 302, headers: { Location: `http://files.example/x?tempauth=${secrets.redirectKey}` } })]);
		await badly('downloads that never come', changedDrive(), [always('GET *download.aspx*', { delayMs: 60_000 })], { settings: { executionTimeout: 3 } });
		await badly('downloads that break off', changedDrive(), [always('GET *download.aspx*', { truncateAtByte: 3 })], { settings: { executionTimeout: 5 } });
		await badly('site that refuses', backUpSite(), echoing(/^GET \/sites\/[^/]+\/(lists|pages|drives)/));
		await badly('restore of mail', restore('mailbox', { targetFolder: 'Refused' }), echoing(/^(POST|PUT|PATCH) /));
		await badly('restore of attachments', restore('mailbox', { targetFolder: 'Attachments' }), echoing(/AttachmentSessions|importItem/));
		await badly('restore of files', restore('drive', { targetFolder: 'Other' }), echoing(/^PUT .*uploadSession/), { mails: true });
		await badly('restore of files without sessions', restore('drive', { targetFolder: 'Other' }), echoing(/createUploadSession/, 501));
		await badly('restore of a site', restore('site', { targetFolder: 'Other' }), echoing(/^POST \/sites/, 500));
		await pickersFail();
	}

	/** A file is another one in each run, or there would be nothing to download. */
	function changedDrive(options = {}): WorkflowNode {
		for (const name of ['small 1.txt', 'small 2.txt']) user.drive!.edit(user.drive!.item(`Docs/${name}`), `changed in ${runs}`);
		return backUpDrive({ options: { versions: 2, permissions: true, ...options } });
	}

	function changedMailbox(options = {}): WorkflowNode {
		for (const n of [1, 2, 3]) user.mailbox!.addMime('inbox', `From: a@example.com\r\nSubject: New ${n} in ${runs}\r\n\r\nText\r\n`);
		return backUpMailbox({ options });
	}

	async function pickersFail(): Promise<void> {
		const { client } = stage.n8n;
		for (const [methodName, path] of [['searchMailboxes', 'mailbox'], ['searchSites', 'site']] as const) {
			stage.simulator.tenant.faults.script({ match: '*', times: Number.POSITIVE_INFINITY, do: { status: 403, echo: 'bare keys' } });
			const asked = { path: `parameters.${path}`, methodName, nodeTypeAndVersion: { name: ourNodeType, version: 1 }, currentNodeParameters: { resource: path, operation: 'backUp' }, credentials: { [microsoftCredentialType]: known(credentialNames.microsoft) } };
			const answer = await client.request('POST', '/dynamic-node-parameters/resource-locator-results', asked).catch((error: unknown) => String(error));
			stage.simulator.tenant.faults.clear();
			said.push({ place: `picker ${methodName}`, text: JSON.stringify(answer) });
			failures.push(`picker ${methodName}: ${JSON.stringify(answer)}`);
		}
	}

	/** Everything at once, the witness included. */
	async function searchAll(): Promise<Searched & { values: number }> {
		const search = new SecretSearch([...secrets.all(stage.simulator), { kind: 'witness', keys: [witness] }]);
		const found: Searched = { leaks: [], files: 0, packed: 0, bytes: 0 };
		// The package itself, which is there before n8n starts.
		await searchFolder(search, stage.n8n.home, found, (path) => path.startsWith('.n8n/nodes/'));
		const values = await searchDatabase(search, join(stage.n8n.home, '.n8n', 'database.sqlite'), found);
		for (const { place, text } of said) await searchBytes(search, place, Buffer.from(text), found);
		for (const mail of stage.mailServer.mails) await searchBytes(search, `mail "${mail.subject.slice(0, 60)}"`, Buffer.from(JSON.stringify(mail)), found);
		return { ...found, values };
	}

	it('were all in play, and services repeated them', () => {
		const { issued, leaks } = stage.simulator.tenant;
		const kinds = new Set(issued.all.map(({ kind }) => kind));
		expect([...kinds].sort()).toEqual(['access token', 'client assertion', 'download URL', 'import URL', 'upload URL']);
		expect(issued.all.length).toBeGreaterThan(50);
		expect(leaks).toEqual([]);
		expect(proxied).toBeGreaterThan(0);
		expect(failures.filter((text) => /"status":"(complete|unchanged)"/.test(text))).toEqual([]);
		expect(failures.filter((text) => text.includes('(hidden)')).length).toBeGreaterThan(3);
	});

	it('are nowhere', () => {
		// n8n itself writes the proxy settings of its environment into its log when it starts, on the level debug.
		const isOfN8n = ({ kind, around }: Leak): boolean => kind === 'proxy password' && around.includes('Installing global HTTP proxy agents');
		const leaks = searched.leaks.filter((leak) => leak.kind !== 'witness' && !isOfN8n(leak));
		expect(leaks.map(({ kind, spelling, place, around }) => `${kind} (${spelling}) in ${place}: ${around}`)).toEqual([]);
	});

	it('would have been found: what is no secret is found wherever it went', () => {
		const places = searched.leaks.flatMap(({ kind, place }) => (kind === 'witness' ? [place] : [])).join('\n');
		expect(places).toMatch(/^table execution_data, data$/m);
		expect(places).toMatch(/^\.n8n\/database\.sqlite(-wal)?$/m);
		expect(places).toMatch(/^\.n8n\/storage\/workflows\/.*binary_data.*!/m);
		expect(places).toMatch(/segment-0001\.ndjson\.gz!gzip$/m);
		expect(places).toMatch(/archive-0001\.zip!/m);
		expect(places).toMatch(/^n8n\.log$/m);
		expect(places).toMatch(/^execution of search in drive$/m);
		expect(places).toMatch(/^mail "/m);
		const { files, packed, values } = searched;
		expect({ files: files > 100, packed: packed > 100, values: values > 1000 }).toEqual({ files: true, packed: true, values: true });
	});
});
