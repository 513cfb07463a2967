import { Failure } from '../../base/failure';
import type { SourceRef } from '../../connect/repository';
import type { RestorePlan } from './restore-plan';
import type { TargetPlace } from './restore-request';

/** Destinations by what the source is, as the node shows them. */
const fitting: Readonly<Record<SourceRef['workload'], { kinds: readonly TargetPlace['kind'][]; instead: string }>> = {
	mailbox: { kinds: ['own', 'mailbox'], instead: 'Original Place, New Folder or Another Mailbox' },
	drive: { kinds: ['own', 'drive'], instead: 'Original Place, New Folder or Another Drive or Library' },
	site: { kinds: ['own', 'site', 'drive'], instead: 'Original Place, New Folder, Another Site or, for files, Another Drive or Library' },
};

const shown: Readonly<Record<TargetPlace['kind'], string>> = { own: 'where it was', mailbox: 'another mailbox', drive: 'another drive or library', site: 'another site' };

/** Failure invalid: what this source holds cannot go there. Said before anything is sent. */
export function refuseMisfit({ workload, name }: SourceRef, place: TargetPlace, { steps }: Pick<RestorePlan, 'steps'>): void {
	const { kinds, instead } = fitting[workload];
	if (!kinds.includes(place.kind)) {
		throw new Failure('invalid', `${name} is a ${workload}: what it holds cannot be restored into ${shown[place.kind]}`, {
			nextStep: `Set Destination to ${instead}.`,
		});
	}
	if (workload !== 'site' || place.kind !== 'drive') return;
	for (const { selection } of steps) {
		const isOfFiles =
			selection.kind === 'search' ||
			(selection.kind === 'folder' && isOfLibrary(selection.folderId)) ||
			(selection.kind === 'ids' && selection.ids.every(isOfLibrary)) ||
			(selection.kind === 'parts' && selection.parts.every((part) => part === 'libraries'));
		if (isOfFiles) continue;
		throw new Failure('invalid', 'A drive or library takes files only', {
			nextStep: 'Choose a library, or a folder or files of one, to restore, or set Destination to Another Site.',
		});
	}
}

/** Ids of a site's files and their folders begin with the library's scope. */
function isOfLibrary(id: string): boolean {
	return id.startsWith('library-');
}
