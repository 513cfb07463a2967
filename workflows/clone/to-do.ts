import type { ClonedSet } from './clone-set';
import type { NeededCredential } from './customer-credentials';
import type { CloneOptions } from './options';
import { placeText } from './place';
import { calledBy } from './references';
import type { WorkflowJson } from './workflow-json';

/** What a person does next, as Markdown that also reads well in a terminal. */
export function toDo({ workflows, credentials, broughtAlong }: ClonedSet, options: CloneOptions, outFolder: string): string {
	const own = credentials.filter(({ isShared }) => !isShared);
	const shared = credentials.filter(({ isShared }) => isShared);
	const lines = [
		`# ${options.customer}: ${workflows.size} workflows`,
		'',
		`Their backups go into ${placeText(options.place)}.`,
		...(broughtAlong.length === 0 ? [] : ['', `Not chosen, but called by chosen ones: ${broughtAlong.join(', ')}.`]),
		'',
		'## 1. Credentials',
		'',
		'Make them in n8n **before** you import, with exactly these names (Credentials → Create): the workflows find them by type and name.',
		'',
		...own.flatMap(credentialLines),
		...(shared.length === 0 ? [] : ['', 'These are shared by all customers; make them once:', '', ...shared.flatMap(credentialLines)]),
		'',
		'## 2. Import',
		'',
		`On the machine or in the container of n8n: \`n8n import:workflow --separate --input=${outFolder}\`, or each file in the editor (⋯ → *Import from File*).`,
		'Importing again replaces these workflows; none is doubled.',
		'',
		'## 3. Look and publish',
		'',
		...nextSteps(options, workflows).map((step) => `- ${step}`),
		'',
		'| file | workflow |',
		'|---|---|',
		...[...workflows].map(([file, { name }]) => `| \`${file}.json\` | ${name.replaceAll('|', '\\|')} |`),
	];
	return `${lines.join('\n')}\n`;
}

function credentialLines({ title, name, purpose, usedBy }: NeededCredential): string[] {
	return [`- **${title}** named \`${name}\`: ${purpose} (${usedBy.length === 1 ? usedBy[0] ?? '' : `${usedBy.length} workflows`})`];
}

function nextSteps(options: CloneOptions, workflows: ReadonlyMap<string, WorkflowJson>): string[] {
	const names = new Map([...workflows.values()].map(({ id, name }) => [id, name]));
	const called = new Set([...workflows.values()].flatMap((workflow) => calledBy(workflow, [...names.keys()])));
	const steps = ['Open *Settings* in each workflow that has it: what is there comes from this command.'];
	if (options.mailTo === undefined) steps.push('Nobody said who gets the mails (--mail-to): they go to admin@example.com until you change *mailTo* in *Settings*.');
	if (options.mailFrom === undefined) steps.push('Mails bear the address backup@example.com (--mail-from).');
	if (options.alert === undefined) steps.push('No workflow is called when another one fails (--alert).');
	else steps.push(`Run *alert by ${options.alert}* by hand: a test arrives.`);
	if (called.size > 0) steps.push(`**Publish first** what others call, since n8n runs only published ones then: ${[...called].map((id) => names.get(id) ?? id).join(', ')}.`);
	if (options.alert === 'teams' && options.teamsUrl === undefined) steps.push('Enter the address of the Teams webhook in *Settings* of *alert by Teams* (--teams-url).');
	if ([...workflows.keys()].some((file) => file.includes('prune'))) steps.push('Prune removes nothing until somebody approves it.');
	steps.push('Run each backup by hand once, then publish the workflows that shall run by themselves.');
	return steps;
}
