import type { IDisplayOptions, INodePropertyMode } from 'n8n-workflow';
import { folded } from '../base/folded';

/** What differs from use to use of a picker's field. */
export interface FieldUse {
	name: string;
	displayName: string;
	description: string;
	required?: boolean;
	displayOptions?: IDisplayOptions;
}

/** `required: false` is not written into a description: absent means the same. */
export function fieldUse(use: FieldUse): Pick<FieldUse, 'name' | 'displayName' | 'description' | 'displayOptions'> & { required?: true } {
	return {
		displayName: use.displayName,
		name: use.name,
		description: use.description,
		...(use.required ? { required: true as const } : {}),
		...(use.displayOptions ? { displayOptions: use.displayOptions } : {}),
	};
}

/** A resource locator's value as `getNodeParameter` returns it, or what an expression put in its place. */
export interface Picked {
	mode: string;
	value: string;
}

/** Reads a resource locator, also where an expression has replaced it by a plain text. */
export function picked(raw: unknown): Picked {
	if (typeof raw === 'string') return { mode: 'id', value: raw.trim() };
	if (raw !== null && typeof raw === 'object' && 'value' in raw) {
		const { value } = raw;
		const mode = 'mode' in raw && typeof raw.mode === 'string' ? raw.mode : 'id';
		if (typeof value === 'string' || typeof value === 'number') return { mode, value: String(value).trim() };
		return { mode, value: '' };
	}
	return { mode: 'id', value: '' };
}

/** Those whose text contains the filter, whatever the case and spelling of umlauts. */
export function matching<T>(entries: readonly T[], filter: string | undefined, text: (entry: T) => string): T[] {
	const wanted = folded((filter ?? '').trim());
	return wanted === '' ? [...entries] : entries.filter((entry) => folded(text(entry)).includes(wanted));
}

/** A field's name with what stands before it where an operation has two of a kind: `target` and `driveSite` are `targetDriveSite`. */
export function prefixed(prefix: string, name: string): string {
	return prefix === '' ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** A mailbox named by what its owner is called, or by its GUID. */
/* eslint-disable n8n-nodes-base/node-param-default-missing -- modes of a resource locator have no default of their own */
export const mailboxNameModes: INodePropertyMode[] = [
	{ displayName: 'By Address', name: 'address', type: 'string', placeholder: 'e.g. nathan@example.com' },
	{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. 288038ea-9572-4dd7-aa7f-e8e77cd945d1' },
];
/* eslint-enable n8n-nodes-base/node-param-default-missing */

/** The page of a list that the editor asks for, and the token of the next one. */
export function pageOf<T>(entries: readonly T[], paginationToken: string | undefined, length: number): { page: T[]; next: { paginationToken?: string } } {
	const start = Number(paginationToken ?? 0);
	const end = start + length;
	return { page: entries.slice(start, end), next: end < entries.length ? { paginationToken: String(end) } : {} };
}
