import type { INodePropertyOptions } from 'n8n-workflow';
import { Failure } from '../base/failure';
import type { SourceRef } from '../connect/repository';
import { sourceWords } from '../pickers/source-words';
import { choicesAmong } from './choices-among';
import { mailboxParts } from './mailbox-parts';
import { siteParts } from './site-parts';

type ItemPart = (typeof mailboxParts)[number]['value'] | (typeof siteParts)[number]['value'];

/** What can be chosen as a whole, of mailboxes and of sites, by name. */
export const itemParts: (INodePropertyOptions & { value: ItemPart })[] = [...mailboxParts, ...siteParts].sort((a, b) => a.name.localeCompare(b.name));

const ofWorkload: Readonly<Record<SourceRef['workload'], readonly { name: string; value: ItemPart }[]>> = { mailbox: mailboxParts, site: siteParts, drive: [] };

/** The parts that a parameter names. Failure invalid: one that is none, or that a source of this sort does not have. */
export function itemPartsAmong(given: unknown, workload: SourceRef['workload']): ItemPart[] {
	const chosen = choicesAmong(itemParts, given);
	const has = ofWorkload[workload];
	const foreign = itemParts.find(({ value }) => chosen.includes(value) && !has.some((part) => part.value === value));
	if (foreign === undefined) return chosen;
	throw new Failure('invalid', `A ${sourceWords[workload].one} has no ${foreign.name}`, {
		nextStep: has.length === 0 ? 'Choose Everything, a folder or a search instead.' : `Choose Kinds among ${has.map(({ name }) => name).join(', ')}.`,
	});
}
