import type { IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { folded } from '../base/folded';
import { repositoryForPicker, type Repository, type SnapshotRecord, type SourceRef } from '../connect/repository';
import { fieldUse, matching, picked, type FieldUse } from './field';
import { sourceWords } from './source-words';

/** A source that the repository has backups of. */
export interface ProtectedSource {
	source: SourceRef;
	/** Its folder in the repository, e.g. `mailbox-0123456789abcdef`. */
	key: string;
	newest: SnapshotRecord;
}

/** A mailbox, drive or site that the repository has backups of: picked without asking Microsoft. */
export function sourceField(use: Partial<FieldUse> & Pick<FieldUse, 'description'>): INodeProperties {
	return {
		...fieldUse({ name: 'source', displayName: 'Source', ...use }),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a mailbox, drive or site…',
				typeOptions: { searchListMethod: 'searchSources', searchable: true, skipCredentialsCheckInRLC: true },
			},
			{ displayName: 'By Name or Address', name: 'address', type: 'string', placeholder: 'e.g. nathan@example.com or Marketing/Documents' },
			{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. 288038ea-9572-4dd7-aa7f-e8e77cd945d1' },
		],
	};
}

/** The list behind the field: every source of the repository, by name, with what it is. */
export async function searchSources(this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
	const repository = await repositoryForPicker.call(this);
	const sources = await repository.sources();
	return {
		results: matching(sources, filter, ({ source }) => `${source.name} ${sourceWords[source.workload].one} ${source.id}`)
			.map(({ source, key }) => ({ name: `${source.name} (${sourceWords[source.workload].one})`, value: key }))
			.sort((a, b) => a.name.localeCompare(b.name)),
	};
}

/**
 * The source that the parameter names by key, ID, or name, which of a mailbox is its address; null if it is empty. Failures:
 * invalid (several sources have this name), notFound (none has).
 */
export async function resolveSource(repository: Repository, raw: unknown): Promise<ProtectedSource | null> {
	const { value } = picked(raw);
	if (value === '') return null;
	const sources = await repository.sources();
	const wanted = value.toLowerCase();
	const exact = sources.find(({ key, source }) => key === value || source.id.toLowerCase() === wanted);
	if (exact) return exact;
	const named = sources.filter(({ source }) => folded(source.name) === folded(value));
	const [only, ...others] = named;
	if (only && others.length === 0) return only;
	if (only) {
		throw new Failure('invalid', `The repository has backups of ${named.length} sources named "${value}"`, {
			nextStep: `Pick one from the list, or give its ID: ${named.map(({ source }) => source.id).join(', ')}.`,
		});
	}
	const known = sources.slice(0, 5).map(({ source }) => source.name);
	throw new Failure('notFound', `The repository has no backup of "${value}"`, {
		nextStep:
			known.length === 0
				? 'Nothing has been backed up to this repository yet. Run Back Up of a mailbox, drive or site first, or choose another folder.'
				: `It has backups of ${known.join(', ')}${sources.length > known.length ? ' and others' : ''}. Pick one from the list.`,
	});
}

/** The same for a parameter that must not be empty. */
export async function requiredSource(this: IExecuteFunctions, repository: Repository, itemIndex: number): Promise<ProtectedSource> {
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex));
	if (source) return source;
	throw new Failure('invalid', 'No source was chosen', { nextStep: 'Choose the mailbox, drive or site whose backup to use in the parameter Source.' });
}
