import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeRun, type Execution } from '../e2e/harness/execution';
import { MailCatcher } from '../e2e/harness/mail-catcher';
import { N8nServer } from '../e2e/harness/n8n-server';
import { createTenantCredential, credentialNames } from '../e2e/harness/credentials';
import { setFields, shippedWorkflowFiles, workflowForHere } from '../e2e/harness/shipped-workflows';
import { installN8n } from '../n8n/install';
import { startSimulator, type RunningSimulator } from '../simulator/start';
import { compareItems } from './compare-items';
import { seenItems, type SeenItem, type SeenKind } from './graph-items';
import { compareMail, GraphMail, type SeenMessage } from './graph-mail';
import { unpromised } from './promised';
import { restoreGone } from './restore-gone';

/**
 * `npm run demo [-- --exit]`: a simulated tenant, a real n8n, a backup, a loss, a restore, a comparison. Ends with exit
 * code 0 only if what was restored equals what was lost. Without `--exit` n8n then stays up until Ctrl-C.
 */
const nightly = 'm365NightlyMailbox';
const restoreId = 'm365RestoreBySearch';
const restoreFile = 'restore-messages-by-search.json';
const kinds: Partial<Record<SeenKind, string>> = { event: 'appointments', contact: 'contacts', task: 'tasks' };
const startedAt = Date.now();
const closing: (() => Promise<void>)[] = [];

function say(line: string): void {
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	console.log(`[${String(seconds).padStart(3)} s] ${line}`);
}

async function main(): Promise<void> {
	const leave = process.argv.includes('--exit');
	const unknown = process.argv.slice(2).filter((argument) => argument !== '--exit');
	if (unknown.length > 0) {
		console.error('npm run demo [-- --exit]     with --exit it ends by itself instead of keeping n8n running');
		process.exit(unknown.includes('--help') ? 0 : 2);
	}
	const interrupted = new Promise<undefined>((resolve) => {
		process.once('SIGINT', () => resolve(undefined));
		process.once('SIGTERM', () => resolve(undefined));
	});
	let equal = false;
	try {
		const shown = show();
		// After an interruption, what it was doing fails in one way or another, and nobody waits for it.
		shown.catch(() => undefined);
		const result = await Promise.race([shown, interrupted]);
		equal = result?.equal ?? false;
		if (result !== undefined && !leave) {
			printEditor(result.n8n);
			await interrupted;
		}
	} finally {
		say('Stopping n8n and the simulated tenant');
		for (const close of closing.reverse()) {
			await close();
		}
	}
	process.exit(equal ? 0 : 1);
}

async function show(): Promise<{ equal: boolean; n8n: N8nServer }> {
	say('Starting a simulated Microsoft 365 tenant');
	const simulator = await startSimulator({ users: 3, messages: 250, events: 60, contacts: 60, tasks: 40 });
	closing.push(() => simulator.stop());
	const graph = new GraphMail(simulator.graphUrl, simulator.token, simulator.caFile);

	await installN8n(say);
	say('Building the node and starting n8n with it (about 20 seconds)');
	const n8n = await N8nServer.start(simulator.caFile === undefined ? {} : { caFile: simulator.caFile });
	closing.push(() => n8n.stop());
	const mailServer = await MailCatcher.start();
	closing.push(() => mailServer.stop());
	await setUp(n8n, simulator, mailServer);

	say('n8n backs up all mailboxes: workflow “M365 nightly mailbox backup”');
	const backup = await n8n.client.run(nightly, 'Run by Hand');
	expectSuccess(backup);
	for (const { json } of nodeRun(backup, 'Back Up').items) {
		say(`  ${String(json['message'])}`);
	}
	for (const mail of mailServer.mails) {
		say(`  Mail to ${mail.to.join(', ')}: ${mail.subject}`);
	}

	const [victim] = await graph.mailboxes();
	if (victim === undefined) {
		throw new Error('The simulated tenant has no mailbox');
	}
	const lostMail = await loseMail(graph, victim);
	const lostItems = await loseItems(graph, victim);
	await restoreMail(n8n, victim.address);
	await restoreItems(n8n, victim.address);
	const mailEqual = await compare(graph, victim.id, lostMail);
	return { equal: (await compareOthers(graph, victim.id, lostItems)) && mailEqual, n8n };
}

async function setUp(n8n: N8nServer, simulator: RunningSimulator, mailServer: MailCatcher): Promise<void> {
	say('Importing credentials and workflows');
	const test = await createTenantCredential(n8n.client, simulator);
	if (test.status !== 'OK') {
		throw new Error(`n8n's test of the Microsoft credential says: ${test.message}`);
	}
	await n8n.client.createCredential(credentialNames.mailServer, 'smtp', mailServer.credential);
	await mkdir(join(n8n.filesFolder, 'm365-backup-copy'), { recursive: true });
	for (const file of await shippedWorkflowFiles()) {
		await n8n.client.importWorkflow(await workflowForHere(file, n8n.filesFolder));
	}
}

/** Loses every second message that somebody received or sent: most for good, some into Deleted Items. */
async function loseMail(graph: GraphMail, victim: { id: string; address: string }): Promise<SeenMessage[]> {
	const all = await graph.messages(victim.id);
	const lost = all.filter(
		({ folder, properties }, index) =>
			index % 2 === 0 &&
			!folder.startsWith('Deleted Items') &&
			properties['isDraft'] === false,
	);
	for (const [index, { id }] of lost.entries()) {
		if (index % 5 === 4) {
			await graph.moveToDeletedItems(victim.id, id);
		} else {
			await graph.deletePermanently(victim.id, id);
		}
	}
	say(`Mail is lost: ${lost.length} of the ${all.length} messages of ${victim.address} are deleted, most of them for good`);
	if (lost.length === 0) {
		throw new Error('There was no message to lose, so nothing would be shown');
	}
	return lost;
}

/** Every third appointment, contact and task. */
async function loseItems(graph: GraphMail, victim: { id: string; address: string }): Promise<SeenItem[]> {
	const all = await seenItems(graph, victim.id, ['event', 'contact', 'task']);
	const lost = all.filter((_item, index) => index % 3 === 0);
	for (const item of lost) {
		await graph.send('DELETE', item.path);
	}
	for (const [kind, words] of Object.entries(kinds)) {
		const count = (items: readonly SeenItem[]): number => items.filter((item) => item.kind === kind).length;
		say(`  … and ${count(lost)} of the ${count(all)} ${words}`);
	}
	return lost;
}

/** With the node itself, as somebody does who builds a workflow: searches what is gone, and restores it. */
async function restoreItems(n8n: N8nServer, mailbox: string): Promise<void> {
	say('n8n backs up again, searches what is gone of all other kinds since this morning, and restores it');
	const workflow = restoreGone(mailbox, join(n8n.filesFolder, 'm365-backup'));
	await n8n.client.importWorkflow(workflow);
	const execution = await n8n.client.run(workflow.id, 'Start');
	expectSuccess(execution);
	say(`  ${outcomes(execution, 'Restore')}`);
}

async function compareOthers(graph: GraphMail, mailbox: string, lost: readonly SeenItem[]): Promise<boolean> {
	const now = await seenItems(graph, mailbox, ['event', 'contact', 'task']);
	const differences = compareItems(lost, now);
	const missing = differences.filter((difference) => difference.now === undefined);
	for (const { was } of missing.slice(0, 20)) {
		say(`  ${was.kind} “${was.name}” in ${was.place} is missing`);
	}
	const unexpected = differences.flatMap((difference) => (difference.now === undefined ? [] : unpromised(difference)));
	for (const line of unexpected.slice(0, 20)) {
		say(`  ${line}`);
	}
	if (missing.length + unexpected.length > 0) {
		return false;
	}
	for (const [kind, words] of Object.entries(kinds)) {
		const count = lost.filter((item) => item.kind === kind).length;
		const others = differences.filter(({ was }) => was.kind === kind);
		say(`All ${count} lost ${words} are back${others.length === 0 ? ', equal in every property' : `; ${others.length} of them without what would ring, invite or notify, as the README's table says`}`);
	}
	return true;
}

async function restoreMail(n8n: N8nServer, mailbox: string): Promise<void> {
	say('n8n shows what a restore would do: workflow “M365 restore messages by search”');
	const preview = await runRestore(n8n, mailbox, false);
	say(`  ${outcomes(preview, 'Preview')}`);
	say('The restore is approved; n8n runs it');
	const restored = await runRestore(n8n, mailbox, true);
	say(`  ${outcomes(restored, 'Restore')}`);
	// Whoever runs it in the editor afterwards begins with a preview.
	await setRestore(n8n, mailbox, false);
}

async function runRestore(n8n: N8nServer, mailbox: string, approved: boolean): Promise<Execution> {
	await setRestore(n8n, mailbox, approved);
	const execution = await n8n.client.run(restoreId, 'Run by Hand');
	expectSuccess(execution);
	return execution;
}

async function setRestore(n8n: N8nServer, mailbox: string, approved: boolean): Promise<void> {
	const workflow = await workflowForHere(restoreFile, n8n.filesFolder);
	setFields(workflow, 'What to Look For', { mailbox, subject: '', from: '', approved });
	await n8n.client.updateWorkflow(restoreId, workflow);
}

/** E.g. `movedBack 12, created 48, skipped 60`, with the words that the items have. */
function outcomes(execution: Execution, node: string): string {
	const counts = new Map<string, number>();
	for (const { json } of nodeRun(execution, node).items) {
		const outcome = typeof json['outcome'] === 'string' ? json['outcome'] : `failed (${String(json['message'])})`;
		counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
	}
	return [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
}

async function compare(graph: GraphMail, mailbox: string, lost: readonly SeenMessage[]): Promise<boolean> {
	const now = (await graph.messages(mailbox)).filter(({ folder }) => !folder.startsWith('Deleted Items'));
	const { differences, withOriginal } = compareMail(lost, now);
	if (differences.length === 0) {
		say(`All ${lost.length} lost messages are back, and equal what was lost in every property compared`);
		if (withOriginal.length > 0) {
			say(`  ${withOriginal.length} of them carry their original as an attachment, since Exchange lets nobody make such mail anew:`);
			say(`  ${withOriginal.slice(0, 5).join(', ')} (see the table in the README)`);
		}
		return true;
	}
	say(`The restored mail differs from what was lost in ${differences.length} places:`);
	for (const line of differences.slice(0, 50)) {
		say(`  ${line}`);
	}
	return false;
}

function expectSuccess(execution: Execution): void {
	if (execution.status !== 'success') {
		const { message, description } = execution.error ?? { message: 'no message' };
		throw new Error(`n8n's execution ended ${execution.status}: ${message}${description ? ` (${description})` : ''}`);
	}
}

function printEditor(n8n: N8nServer): void {
	console.log(`
  n8n is running: ${n8n.url}
  E-mail:         ${n8n.owner.email}
  Password:       ${n8n.owner.password}

  Look at the workflows and their executions, and run them yourself.
  The backups are in ${join(n8n.filesFolder, 'm365-backup')}
  Ctrl-C ends the demo and removes everything.
`);
}

main().catch((error: unknown) => {
	console.error(error);
	process.exit(1);
});
