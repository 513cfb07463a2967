import { isFailure } from '../base/failure';
import { readFile, sha256 } from '../repository/bytes';
import { CopyLedger, listTargets } from '../repository/copies';
import { MAX_RECORD_BYTES } from '../repository/limits';
import { REPOSITORY_README } from '../repository/readme-text';
import { parseRepositoryRecord } from '../repository/record-schemas';
import type { Repository } from '../repository/repository';
import type { DamageList } from './damage';

/** What belongs to no source: `repository.json`, `README.txt`, and what is known of copies. No item is lost with these. */
export async function verifyTop(repository: Repository, damage: DamageList, signal: AbortSignal | undefined): Promise<void> {
	const { store } = repository;
	try {
		const bytes = await readFile(store, 'repository.json', MAX_RECORD_BYTES, signal);
		if (bytes === null) damage.add('repository.json', 'it is missing; no item is lost, but nothing opens this repository without it');
		else {
			const { readme } = parseRepositoryRecord(bytes, store.label);
			const text = await readFile(store, 'README.txt', MAX_RECORD_BYTES, signal);
			if (text === null) damage.add('README.txt', 'it is missing; no item is lost, it tells people how to read these files');
			// An import whose files had no README.txt writes that of this version.
			else if (sha256(text) !== readme && text.toString() !== REPOSITORY_README) damage.add('README.txt', 'it is not as it was written; no item is lost');
		}
	} catch (error) {
		if (!isFailure(error, 'corrupt', 'invalid')) throw error;
		damage.add('repository.json', `${error.message}; no item is lost`);
	}
	for (const target of await listTargets(store, signal)) {
		try {
			await CopyLedger.read(store, repository.ambient, target, signal);
		} catch (error) {
			if (!isFailure(error, 'corrupt', 'invalid')) throw error;
			damage.add(`copies/${target}`, `${error.message}; no item is lost, what the copy holds is copied once more`);
		}
	}
}
