import { Failure, toFailure } from '../../../base/failure';

/**
 * What a drive's refusal means for one file or folder. The Graph room knows codes, which SharePoint uses for a file as
 * for a whole site; here it is known that a restore wanted to write one thing.
 */
export function refusalOf(error: unknown): Failure {
	const failure = toFailure(error);
	const code = failure.code?.toLowerCase() ?? '';
	const said = (title: string, nextStep: string): Failure =>
		new Failure(failure.kind, failure.message, { title, nextStep, code: failure.code, status: failure.status, cause: failure });
	if (code === 'malwaredetected') {
		return said('Microsoft 365 found malware in it and did not take it', 'Export it instead (Item: Export), and have it examined before anybody opens it.');
	}
	if (failure.status === 423 || code === 'resourcelocked') {
		return said(
			'It is locked: somebody has it open or checked out, or the whole site is locked',
			'Have it closed or checked in (or the site unlocked in the SharePoint admin centre), then run the restore again: what is back already is skipped.',
		);
	}
	if (code === 'notallowed') {
		return said('The site is read-only', 'Unlock the site in the SharePoint admin centre, or restore into another drive.');
	}
	if (failure.kind === 'quota') {
		return said('The drive is full', 'Make room in the drive or raise its quota, then run the restore again: what is back already is skipped.');
	}
	if (failure.status === 412 || (failure.kind === 'conflict' && code !== 'namealreadyexists')) {
		return said('Somebody changed it at the same moment', 'Run the restore again.');
	}
	if (failure.kind === 'conflict') {
		return said('Something of this name has come there meanwhile', 'Run the restore again: it looks anew at what is there.');
	}
	if (failure.kind === 'denied' && failure.status === 403) {
		return said(
			'Microsoft 365 refuses to write here',
			failure.nextStep ?? 'Check that the app may write (Files.ReadWrite.All or Sites.ReadWrite.All) and that the drive is not read-only.',
		);
	}
	if (code === 'pathistoolong') {
		return said('Its path would be longer than the 400 characters that SharePoint takes', 'Restore into a folder nearer to the top of the drive.');
	}
	return failure;
}
