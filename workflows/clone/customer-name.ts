import { createHash } from 'node:crypto';
import { BadInput } from './bad-input';

/** Not allowed in folder names of one system or another, and invisible or line-breaking characters. */
const forbidden = /[\\/:*?"<>|\p{C}\p{Zl}\p{Zp}]/u;
const deviceNames = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
/** n8n takes 128 characters for a workflow's name; ours need the rest. */
const maxLength = 60;

/** The name as it goes in front of workflows and credentials. BadInput: one that cannot be a folder's name, too. */
export function customerName(given: string | undefined): string {
	const name = (given ?? '').normalize('NFC').trim();
	if (name === '') throw new BadInput('Whose workflows shall these be? Give the customer\'s name, e.g. --customer "Contoso".');
	const bad = forbidden.exec(name);
	if (bad !== null) throw new BadInput(`The customer's name may not contain ${shown(bad[0])}: a folder is named after it.`);
	if (name.startsWith('.') || name.endsWith('.')) throw new BadInput("The customer's name may not begin or end with a full stop: a folder is named after it.");
	if (deviceNames.test(name)) throw new BadInput(`"${name}" cannot be the name of a folder on Windows. Add something to it.`);
	if (name.length > maxLength) throw new BadInput(`The customer's name has ${name.length} characters; n8n has room for ${maxLength}.`);
	return name;
}

function shown(character: string): string {
	return /^[\p{C}\p{Zl}\p{Zp}]$/u.test(character) ? 'line breaks or invisible characters' : `the character ${character}`;
}

/**
 * The name in lower-case letters, digits and hyphens, for folders, buckets and addresses of forms. Where that loses
 * something, a few digits are added, so that two customers never share a folder.
 */
export function slugOf(name: string): string {
	const plain = name.toLowerCase().replace(/ +/g, '-');
	const slug = plain
		.normalize('NFKD')
		.replace(/\p{M}/gu, '')
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-+|-+$/g, '');
	if (slug === plain) return slug;
	const digits = createHash('sha256').update(name).digest('hex').slice(0, 4);
	return slug === '' ? `customer-${digits}` : `${slug}-${digits}`;
}
