import type { IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { repositoryForPicker, type Repository, type SnapshotRecord, type SourceRef } from '../connect/repository';
import { fieldUse, mailboxNameModes, matching, picked, type FieldUse } from './field';

/** A source that the repository has backups of. */
export interface ProtectedSource {
	source: SourceRef;
	/** Its folder in the repository, e.g. `mailbox-0123456789abcdef`. */
	key: string;
	newest: SnapshotRecord;
}

/** A mailbox that the repository has backups of: picked without asking Microsoft. */
export function sourceField(use: Partial<FieldUse> & Pick<FieldUse, 'description'>): INodeProperties {
	return {
		...fieldUse({ name: 'source', displayName: 'Mailbox', ...use }),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a mailbox…',
				typeOptions: { searchListMethod: 'searchSources', searchable: true, skipCredentialsCheckInRLC: true },
			},
			...mailboxNameModes,
		],
	};
}

/** The list behind the field: every source of the repository, by name. */
export async function searchSources(this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
	const repository = await repositoryForPicker.call(this);
	const sources = await repository.sources();
	return {
		results: matching(sources, filter, ({ source }) => `${source.name} ${source.id}`)
			.map(({ source, key }) => ({ name: source.name, value: key }))
			.sort((a, b) => a.name.localeCompare(b.name)),
	};
}

/**
 * The source that the parameter names by key, GUID or address; null if it is empty. Failures: invalid (several
 * sources have this address), notFound (none has).
 */
export async function resolveSource(repository: Repository, raw: unknown): Promise<ProtectedSource | null> {
	const { value } = picked(raw);
	if (value === '') return null;
	const sources = await repository.sources();
	const wanted = value.toLowerCase();
	const exact = sources.find(({ key, source }) => key === value || source.id.toLowerCase() === wanted);
	if (exact) return exact;
	const named = sources.filter(({ source }) => source.name.toLowerCase() === wanted);
	const [only, ...others] = named;
	if (only && others.length === 0) return only;
	if (only) {
		throw new Failure('invalid', `The repository has backups of ${named.length} mailboxes named "${value}"`, {
			nextStep: `Pick one from the list, or give its ID: ${named.map(({ source }) => source.id).join(', ')}.`,
		});
	}
	const known = sources.slice(0, 5).map(({ source }) => source.name);
	throw new Failure('notFound', `The repository has no backup of "${value}"`, {
		nextStep:
			known.length === 0
				? 'Nothing has been backed up to this repository yet. Run Mailbox: Back Up first, or choose another folder.'
				: `It has backups of ${known.join(', ')}${sources.length > known.length ? ' and others' : ''}. Pick one from the list.`,
	});
}

/** The same for a parameter that must not be empty. */
export async function requiredSource(this: IExecuteFunctions, repository: Repository, itemIndex: number): Promise<ProtectedSource> {
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex));
	if (source) return source;
	throw new Failure('invalid', 'No mailbox was chosen', { nextStep: 'Choose the mailbox whose backup to use in the parameter Mailbox.' });
}
