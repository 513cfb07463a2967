import { Failure } from '../base/failure';
import { readFile } from '../repository/bytes';
import { MAX_RECORD_BYTES } from '../repository/limits';
import { parseRepositoryRecord, type RepositoryRecord } from '../repository/record-schemas';
import type { Store } from '../stores/store';

/** Whose files these are: decided before anything is written. */
export interface Identity {
	record: RepositoryRecord;
	/** The `repository.json` that was brought, where the store has none. */
	toStore?: Buffer;
}

/**
 * Throws `notFound` if there is no repository and none is brought, `invalid` if the files are those of another one.
 *
 * @param overlay The files to import.
 */
export async function findIdentity(store: Store, overlay: Store, signal: AbortSignal | undefined): Promise<Identity> {
	const stored = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
	const brought = await readFile(overlay, 'repository.json', MAX_RECORD_BYTES, signal);
	const storedRecord = stored && parseRepositoryRecord(stored, store.label);
	const broughtRecord = brought && parseRepositoryRecord(brought, overlay.label);
	if (storedRecord && broughtRecord && storedRecord.id !== broughtRecord.id) {
		throw new Failure('invalid', `The files to import belong to another repository (${broughtRecord.id}) than the one in ${store.label} (${storedRecord.id})`, {
			code: 'otherRepository',
			nextStep: 'Import them into an empty folder. Nothing was changed.',
		});
	}
	if (storedRecord) return { record: storedRecord };
	if (broughtRecord) return { record: broughtRecord, toStore: brought };
	throw new Failure('notFound', `There is no backup repository in ${store.label}, and repository.json is not among the files to import`, {
		nextStep: 'To rebuild a repository, import its repository.json together with the other files. Nothing was changed.',
	});
}
