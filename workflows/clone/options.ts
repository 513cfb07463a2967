import { parseArgs } from 'node:util';
import { BadInput } from './bad-input';
import { customerName, slugOf } from './customer-name';
import { placeOf, type Place } from './place';

export const alertChannels = ['slack', 'teams', 'mail'] as const;
export type AlertChannel = (typeof alertChannels)[number];

/** What a customer's set shall be like. */
export interface CloneOptions {
	customer: string;
	slug: string;
	place: Place;
	/** Every snapshot of so many days, and no older ones. Absent: as shipped. */
	keepDays?: number;
	mailTo?: string;
	mailFrom?: string;
	alert?: AlertChannel;
	channel?: string;
	teamsUrl?: string;
	/** When the first nightly backup starts; the others follow at the distance they have as shipped. Absent: the shipped hour, at a minute of its own. */
	startAt?: { hour: number; minute: number };
	timeZone?: string;
	/** File names without `.json`; absent: all. */
	only?: string[];
	/** Credentials of chat and mail for this customer alone, too. */
	ownChannels: boolean;
}

export interface Command extends CloneOptions {
	help: boolean;
	outFolder: string;
	/** Fixed ids; otherwise those of the last time, or new ones. */
	seed?: string;
	force: boolean;
}

export const usage = `npm run clone-workflows -- --customer "Contoso" [options]

Writes a customer's own set of the shipped workflows, to import into n8n.

  --customer NAME      goes in front of workflows and credentials
  --out DIR            where to write; customers/<customer> unless said
  --repository PLACE   ~/folder, /folder, s3://bucket/folder or azure://container/folder;
                       ~/.n8n-files/m365-backup-<customer> unless said
  --keep-days N        keep every snapshot of so many days, and nothing else. As shipped unless said
  --mail-to A[,B]      who gets the mails
  --mail-from A        whose address they bear
  --alert CHANNEL      slack, teams or mail: adds that alert workflow, and every other one calls it when it fails
  --channel NAME       the Slack channel, e.g. "#backup-contoso"
  --teams-url URL      the address of the Teams webhook, without "&sig=…"
  --at HH:MM           when the first nightly backup starts; at the shipped hours unless said, each customer at another minute
  --time-zone ZONE     e.g. Europe/Berlin; that of n8n unless said
  --only A,B           only these workflows, by file name
  --own-channels       credentials for mail and chat for this customer alone, too
  --seed TEXT          the same seed gives the same ids
  --force              write over an earlier set; its ids stay the same`;

const address = /^[^\s@,<>"]+@[^\s@,<>"]+\.[^\s@,<>"]+$/;

/** Reads the command line. BadInput says which option is wrong, and how it is right. */
export function readCommand(args: readonly string[]): Command {
	const given = values(args);
	if (given.help === true) return { customer: '', slug: '', place: placeOf('/'), ownChannels: false, help: true, outFolder: '', force: false };
	const customer = customerName(given.customer);
	const slug = slugOf(customer);
	const options: Command = {
		customer,
		slug,
		place: placeOf(given.repository ?? `~/.n8n-files/m365-backup-${slug}`),
		ownChannels: given['own-channels'] ?? false,
		help: false,
		outFolder: given.out ?? `customers/${slug}`,
		force: given.force ?? false,
	};
	if (given['keep-days'] !== undefined) options.keepDays = wholeNumber('--keep-days', given['keep-days']);
	if (given['mail-to'] !== undefined) options.mailTo = addresses('--mail-to', given['mail-to']);
	if (given['mail-from'] !== undefined) options.mailFrom = addresses('--mail-from', given['mail-from']);
	if (given.alert !== undefined) options.alert = alertChannel(given.alert);
	if (given.channel !== undefined) options.channel = needs(options, 'slack', '--channel', given.channel);
	if (given['teams-url'] !== undefined) options.teamsUrl = teamsUrl(needs(options, 'teams', '--teams-url', given['teams-url']));
	if (given.at !== undefined) options.startAt = timeOfDay(given.at);
	if (given['time-zone'] !== undefined) options.timeZone = timeZone(given['time-zone']);
	if (given.only !== undefined) options.only = listed(given.only).map((name) => name.replace(/\.json$/, ''));
	if (given.seed !== undefined) options.seed = filled('--seed', given.seed);
	return options;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

function values(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				customer: text, out: text, repository: text, 'keep-days': text, 'mail-to': text, 'mail-from': text, alert: text, channel: text,
				'teams-url': text, at: text, 'time-zone': text, only: text, 'own-channels': flag, seed: text, force: flag, help: flag,
			},
		}).values;
	} catch (error) {
		throw new BadInput(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
	}
}

function filled(option: string, given: string): string {
	if (given.trim() === '') throw new BadInput(`${option} is empty.`);
	return given.trim();
}

function wholeNumber(option: string, given: string): number {
	if (!/^[1-9]\d{0,4}$/.test(given.trim())) throw new BadInput(`${option} ${given} is no whole number of days, 1 or more. To keep everything for ever, leave out the workflows that prune.`);
	return Number(given);
}

function listed(given: string): string[] {
	return given.split(',').map((each) => each.trim()).filter((each) => each !== '');
}

function addresses(option: string, given: string): string {
	const all = listed(given);
	const bad = all.find((each) => !address.test(each));
	if (all.length === 0 || bad !== undefined) throw new BadInput(`${option} "${bad ?? given}" is no e-mail address.`);
	return all.join(', ');
}

function alertChannel(given: string): AlertChannel {
	const found = alertChannels.find((each) => each === given.trim().toLowerCase());
	if (found === undefined) throw new BadInput(`--alert ${given} is not known. Choose ${alertChannels.join(', ')}.`);
	return found;
}

function needs(options: CloneOptions, alert: AlertChannel, option: string, given: string): string {
	if (options.alert !== alert) throw new BadInput(`${option} is of use only with --alert ${alert}.`);
	return filled(option, given);
}

function teamsUrl(given: string): string {
	if (!URL.canParse(given) || !given.startsWith('https://')) throw new BadInput('--teams-url is no address that begins with https://.');
	if (new URL(given).searchParams.has('sig')) throw new BadInput('--teams-url has "sig=…" in it. That is a secret: leave it out here, and enter it in the credential "Query Auth".');
	return given;
}

function timeOfDay(given: string): { hour: number; minute: number } {
	const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(given.trim()) ?? [];
	if (hour === '' || Number(hour) > 23 || Number(minute) > 59) throw new BadInput(`--at ${given} is no time. Write it as 22:30.`);
	return { hour: Number(hour), minute: Number(minute) };
}

function timeZone(given: string): string {
	try {
		return new Intl.DateTimeFormat('en', { timeZone: given.trim() }).resolvedOptions().timeZone;
	} catch {
		throw new BadInput(`--time-zone ${given} is not known. Write it as Europe/Berlin.`);
	}
}
