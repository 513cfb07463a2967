import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAgeKey } from '../../nodes/M365Backup/stores/encryption/age-key';
import { compareMail, GraphMail, type SeenMessage } from '../demo/graph-mail';
import { SecretSearch } from '../support/secret-search';
import { searchDatabase, searchFolder, type Searched } from '../support/search-written';
import { credentialNames, microsoftCredentialType } from './harness/credentials';
import { nodeRun, type Execution, type ExecutionItem } from './harness/execution';
import type { WorkflowNode } from './harness/n8n-client';
import { chain, node, ourNode, pick } from './harness/our-node';
import { ourNodeType } from './harness/shipped-workflows';
import { Stage } from './harness/stage';

const keyType = 'm365BackupEncryptionApi';
const root = resolve(__dirname, '../..');
const shell = promisify(execFile);

/** A repository that is encrypted, through everything that an administrator does with it, in a real n8n. */
describe('an encrypted repository in a real n8n', () => {
	/** In subject and body of a mail: nothing else has it. */
	const witness = `witness${randomBytes(16).toString('hex')}`;
	const credentialIds = new Map<string, string>();
	const tests = new Map<string, { status: string; message: string }>();
	let stage: Stage;
	let graph: GraphMail;
	let mailbox: { id: string; address: string };
	let messages: SeenMessage[];
	/** The person's own computer, where the key file is. */
	let desk: string;
	let keyFile: string;
	let identity: string;
	let recovery: { identity: string; recipient: string };
	let runs = 0;

	beforeAll(async () => {
		keyFile = (await shell(process.execPath, ['--import', 'tsx', 'nodes/M365Backup/connect/make-key.ts'], { cwd: root })).stdout;
		identity = keyFile.trim().split('\n').at(-1)!;
		recovery = await makeAgeKey();
		const other = await makeAgeKey();
		stage = await Stage.start({ simulator: { users: 1, messages: 15 } });
		receive('Quarterly report');
		receive(witness);
		graph = new GraphMail(stage.simulator.graphUrl, stage.simulator.token, stage.simulator.caFile);
		mailbox = (await graph.mailboxes())[0]!;
		messages = await graph.messages(mailbox.id);
		await credential('Key', { secretKey: identity, recoveryRecipient: recovery.recipient });
		await credential('Recovery key', { secretKey: recovery.identity, recoveryRecipient: '' });
		await credential('Key alone', { secretKey: identity, recoveryRecipient: '' });
		await credential('Other key', { secretKey: other.identity, recoveryRecipient: '' });
		await credential('No key', { secretKey: recovery.recipient, recoveryRecipient: '' });
		desk = await mkdtemp(join(tmpdir(), 'm365-desk-'));
		await writeFile(join(desk, 'key.txt'), keyFile);
		await symlink(stage.n8n.filesFolder, join(desk, '.n8n-files'));
	});
	afterAll(async () => {
		await stage?.stop();
		if (desk) await rm(desk, { recursive: true, force: true });
	});

	function receive(subject: string): void {
		const head = `From: a@example.com\r\nTo: b@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${randomBytes(6).toString('hex')}@example.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000`;
		stage.simulator.tenant.users[0]!.mailbox!.addMime('inbox', `${head}\r\n\r\nText of ${witness}\r\n`);
	}

	async function credential(name: string, data: Record<string, unknown>): Promise<void> {
		const id = await stage.n8n.client.createCredential(name, keyType, data);
		credentialIds.set(name, id);
		tests.set(name, await stage.n8n.client.testCredential(id, name, keyType, data));
	}

	function encrypted(name: string, what: string, parameters: Record<string, unknown> = {}, key = 'Key'): WorkflowNode {
		const credentials = { [microsoftCredentialType]: { name: credentialNames.microsoft }, [keyType]: { id: credentialIds.get(key)!, name: key } };
		return ourNode(name, what, { repositoryFolder: stage.repositoryFolder, repositoryEncrypted: true, ...parameters }, { credentials });
	}

	const ofMailbox = (): Record<string, unknown> => ({ source: pick(mailbox.address) });
	const backUp = (parameters = {}, key = 'Key'): WorkflowNode => encrypted('Do', 'mailbox/backUp', { mailbox: pick(mailbox.address), ...parameters }, key);

	async function run(...nodes: WorkflowNode[]): Promise<Execution> {
		const workflow = chain(`encryption${++runs}`, nodes);
		await stage.put(workflow);
		return await stage.n8n.client.run(workflow.id, 'Start');
	}

	async function done(...nodes: WorkflowNode[]): Promise<ExecutionItem[]> {
		const execution = await run(...nodes);
		expect(execution.error).toBeUndefined();
		return nodeRun(execution, 'Do').items;
	}

	async function refused(doing: WorkflowNode): Promise<string> {
		const before = await hashes(stage.repositoryFolder);
		const { error, status } = await run(doing);
		expect(status).toBe('error');
		expect(await hashes(stage.repositoryFolder)).toEqual(before);
		return `${error!.message} | ${error!.description ?? ''}`;
	}

	it('the test of the credential tells a key from what is none', () => {
		const said = (name: string): { status: string; message: string } => tests.get(name)!;
		expect([...tests].map(([name, { status }]) => [name, status])).toEqual([['Key', 'OK'], ['Recovery key', 'OK'], ['Key alone', 'OK'], ['Other key', 'OK'], ['No key', 'Error']]);
		expect(said('No key').message).toMatch(/public key.*AGE-SECRET-KEY-1/);
	});

	it('backs up, notices that nothing is new, and backs up what is', async () => {
		const statuses: unknown[] = [];
		for (const subject of ['', '', 'Later']) {
			if (subject !== '') receive(subject);
			const [{ json }] = (await done(backUp())) as [ExecutionItem];
			statuses.push(json['status']);
		}
		expect(statuses).toEqual(['complete', 'unchanged', 'complete']);
		messages = await graph.messages(mailbox.id);
		const names = [...(await hashes(stage.repositoryFolder)).keys()];
		expect(names.filter((name) => !/\.age$|lease-\d+\.json$/.test(name)).sort()).toEqual(['README.txt', 'repository.json']);
		expect(names.filter((name) => name.endsWith('.snapshot.json.age'))).toHaveLength(2);
	});

	it('verifies deep, searches, exports what the tenant served, and holds a snapshot from a prune', async () => {
		const [verified] = await done(encrypted('Do', 'repository/verify', { thoroughness: 'deep' }));
		expect(verified!.json).toMatchObject({ ok: true });
		const found = await done(encrypted('Do', 'item/search', { ...ofMailbox(), returnAll: true, query: { text: 'Quarterly report' } }));
		expect(found.map(({ json }) => json['name'] ?? json['subject'])).toEqual(['Quarterly report']);
		const exporting = await run(encrypted('Do', 'item/export', { ...ofMailbox(), itemId: String(found[0]!.json['id']) }));
		const bytes = await stage.n8n.client.binary(nodeRun(exporting, 'Do'), 0);
		expect(sha256(bytes)).toBe(servedHash('Quarterly report'));
		const [held] = await done(encrypted('Do', 'snapshot/hold', { ...ofMailbox(), snapshot: pick('latest', 'list'), heldBy: 'legal@example.com', reason: 'Case' }));
		expect(held!.json).toMatchObject({ held: true });
		const pruned = await done(encrypted('Do', 'snapshot/prune', { ...ofMailbox(), mode: 'prune', retention: 'days', keepDays: 1, output: 'snapshots' }));
		expect(pruned.map(({ json }) => json['decision'])).toEqual(['keep', 'keep']);
	});

	it('the editor lists sources and snapshots with the key, and says what is wrong without', async () => {
		const ask = async (methodName: string, key: string): Promise<string> => {
			const { parameters } = encrypted('Do', 'item/search', ofMailbox());
			const credentials = { [keyType]: { id: credentialIds.get(key)!, name: key } };
			const asked = { path: 'parameters.source', methodName, nodeTypeAndVersion: { name: ourNodeType, version: 1 }, currentNodeParameters: parameters, credentials };
			return await stage.n8n.client.request('POST', '/dynamic-node-parameters/resource-locator-results', asked).then((answer) => JSON.stringify(answer), String);
		};
		expect(await ask('searchSources', 'Key')).toContain(mailbox.address);
		expect((await ask('searchSnapshots', 'Key')).match(/\d{8}T\d{6}Z-[0-9a-f]{4}/g)).toHaveLength(2);
		expect(await ask('searchSources', 'Recovery key')).toContain(mailbox.address);
		const wrong = await ask('searchSnapshots', 'Other key');
		expect(wrong).toContain('encrypted for another key');
		expect(wrong).not.toMatch(/\d{8}T\d{6}Z/);
	});

	it('refuses a wrong key, no key, another recovery key, and to back up with the recovery key; nothing is changed', async () => {
		const own = keyFile.match(/age1\w+/)![0];
		for (const doing of [backUp({}, 'Other key'), encrypted('Do', 'item/search', ofMailbox(), 'Other key')]) {
			const said = await refused(doing);
			expect(said).toMatch(/encrypted for another key \|.*Nothing was changed/);
			expect(said).toContain(own);
		}
		expect(await refused(backUp({ repositoryEncrypted: false }))).toMatch(/is encrypted \|.*Turn on Encrypted/);
		expect(await refused(backUp({}, 'Key alone'))).toMatch(new RegExp(`recovery recipient is not the one.*Set Recovery Recipient to ${recovery.recipient}`, 'i'));
		expect(await refused(backUp({}, 'No key'))).toMatch(/public key/);
		expect(await refused(backUp({}, 'Recovery key'))).toMatch(/recovery key/i);
	});

	it('is rebuilt from a copy elsewhere, by the key alone', async () => {
		const execution = await run(
			encrypted('Files', 'repository/getFilesToCopy', { target: 'second' }),
			node('Write', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'write', fileName: `={{ '${stage.copyFolder}/' + $json.fileName }}`, options: {} }),
			encrypted('Do', 'repository/confirmCopied', { target: 'second' }),
		);
		expect(execution.error).toBeUndefined();
		const confirmed = nodeRun(execution, 'Do').items.map(({ json }) => json['confirmed']);
		expect(confirmed.length).toBeGreaterThan(6);
		expect(new Set(confirmed)).toEqual(new Set([true]));
		const repositoryFolder = join(stage.n8n.filesFolder, 'rebuilt');
		const read = node('Files', 'n8n-nodes-base.readWriteFile', 1.1, { operation: 'read', fileSelector: `${stage.copyFolder}/*`, options: {} });
		const importing = (key: string): WorkflowNode => encrypted('Do', 'repository/importFiles', { repositoryFolder, mode: 'import', binaryPropertyName: 'data' }, key);
		const wrong = await run(read, importing('Other key'));
		expect(wrong.error?.message).toContain('encrypted for another key');
		expect((await hashes(repositoryFolder)).size).toBe(0);
		const imported = await done(read, importing('Key'));
		expect(new Set(imported.map(({ json }) => json['outcome']))).toEqual(new Set(['imported']));
		const [verified] = await done(encrypted('Do', 'repository/verify', { repositoryFolder, thoroughness: 'deep' }, 'Recovery key'));
		expect(verified!.json).toMatchObject({ ok: true });
	});

	describe('with age and unzip alone, by the commands of the README, word for word', () => {
		const rescue = async (about: string, part: number): Promise<string> => {
			const section = (await readFile(join(root, 'README.md'), 'utf8')).split('### In an emergency, without this software\n')[1]!.split(/^## /m)[0]!;
			const script = [...section.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text]) => text!)[part];
			if (script === undefined) throw new Error(`The README has no commands ${about}`);
			return (await shell('bash', ['-c', script], { env: { ...process.env, HOME: desk }, maxBuffer: 1 << 26 })).stdout;
		};
		const rescued = async (): Promise<string[]> => {
			const files = await readdir(join(desk, 'rescued'), { recursive: true });
			return await Promise.all(files.filter((name) => name.endsWith('.eml')).map(async (name) => sha256(await readFile(join(desk, 'rescued', name)))));
		};
		const missing = async (): Promise<string> => (await shell('bash', ['-c', 'for p in age unzip zcat; do command -v $p >/dev/null || echo $p; done'])).stdout.trim().replaceAll('\n', ', ');

		it('one message', async (context) => {
			const lacks = await missing();
			if (lacks !== '') return context.skip(`not installed: ${lacks}`);
			const out = await rescue('for one message', 0);
			expect(out).toContain(mailbox.address);
			expect(out).toMatch(/^mailbox-[0-9a-f]{16} .*Quarterly report/m);
			expect(await rescued()).toEqual([servedHash('Quarterly report')]);
		});

		it('which archive a message is in, without the segments', async (context) => {
			const lacks = await missing();
			if (lacks !== '') return context.skip(`not installed: ${lacks}`);
			expect(await rescue('for archives', 1)).toMatch(/Quarterly report.*\nis in mailbox-[0-9a-f]{16}\/.*archive-0001\.zip\.age\n$/);
		});

		it('everything, after which it is as any other backup', async (context) => {
			const lacks = await missing();
			if (lacks !== '') return context.skip(`not installed: ${lacks}`);
			await rescue('for everything', 2);
			const { stdout } = await shell('bash', ['-c', `cd ~/decrypted && mkdir ~/all && for z in */*.zip; do unzip -q -o -d ~/all/$(basename $z) $z; done; find ~/all -name '*.eml' -exec sha256sum {} + | cut -c1-64 | sort`], { env: { ...process.env, HOME: desk } });
			expect(stdout.trim().split('\n')).toEqual(messages.map(({ mimeHash }) => mimeHash).sort());
		});

		it('the same with the recovery key', async (context) => {
			const lacks = await missing();
			if (lacks !== '') return context.skip(`not installed: ${lacks}`);
			await rm(join(desk, 'rescued'), { recursive: true, force: true });
			await writeFile(join(desk, 'key.txt'), `${recovery.identity}\n`);
			await rescue('for one message', 0);
			expect(await rescued()).toEqual([servedHash('Quarterly report')]);
		});
	});

	it('restores with the recovery key what the tenant has lost', async () => {
		const wanted = messages.filter(({ properties }) => properties['isDraft'] === false);
		for (const { id } of messages) await graph.deletePermanently(mailbox.id, id);
		expect(await graph.messages(mailbox.id)).toEqual([]);
		await done(encrypted('Do', 'item/restore', { ...ofMailbox(), mode: 'restore', selection: 'everything', destination: 'original', conflictPolicy: 'skip' }, 'Recovery key'));
		const back = (await graph.messages(mailbox.id)).filter(({ properties }) => properties['isDraft'] === false);
		expect(compareMail(wanted, back).differences).toEqual([]);
	});

	it('no mail is readable in the repository or the copy, and no secret key is written anywhere', async () => {
		const plain = new SecretSearch([{ kind: 'mail', keys: [witness] }, { kind: 'address', keys: [mailbox.address] }]);
		const inFolders: Searched = { leaks: [], files: 0, packed: 0, bytes: 0 };
		await searchFolder(plain, stage.repositoryFolder, inFolders);
		await searchFolder(plain, stage.copyFolder, inFolders);
		expect(inFolders.leaks).toEqual([]);
		expect(inFolders.files).toBeGreaterThan(15);
		const keys = [identity, recovery.identity].map((each) => each.slice('AGE-SECRET-KEY-1'.length));
		const search = new SecretSearch([{ kind: 'secret key', keys }, { kind: 'witness', keys: [witness] }]);
		const everywhere: Searched = { leaks: [], files: 0, packed: 0, bytes: 0 };
		await searchFolder(search, stage.n8n.home, everywhere, (path) => path.startsWith('.n8n/nodes/'));
		await searchDatabase(search, join(stage.n8n.home, '.n8n', 'database.sqlite'), everywhere);
		expect(everywhere.leaks.filter(({ kind }) => kind === 'secret key')).toEqual([]);
		// Executions do hold what was searched for: the search would have found a key.
		expect(everywhere.leaks.filter(({ kind }) => kind === 'witness').length).toBeGreaterThan(0);
	});

	function servedHash(subject: string): string {
		return messages.find(({ properties }) => properties['subject'] === subject)!.mimeHash;
	}
});

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of every file below a folder by its path in it; none where there is no folder. */
async function hashes(folder: string): Promise<Map<string, string>> {
	await mkdir(folder, { recursive: true });
	const found = new Map<string, string>();
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		const path = join(entry.parentPath, entry.name);
		if (entry.isFile()) found.set(path.slice(folder.length + 1), sha256(await readFile(path)));
	}
	return found;
}
