import { Failure } from '../base/failure';

const forbiddenCharacters = /[\u0000-\u001f\u007f\\:*?"<>|\ud800-\udfff]/u;
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
const maxSegmentBytes = 240;

/** The names that a store may use for its own half-written files; never a key. */
export const temporaryPrefix = '.m365-backup-temp-';

function segmentProblem(segment: string): string | undefined {
	if (segment === '') return 'it has an empty part';
	if (segment === '.' || segment === '..') return 'it leads out of its folder';
	if (segment.endsWith('.') || segment.endsWith(' ') || segment.startsWith(' ')) {
		return 'a part of it begins with a space or ends with a space or dot';
	}
	if (deviceName.test(segment)) return 'a part of it is a device name on Windows';
	if (segment.startsWith(temporaryPrefix)) return 'it is the name of a temporary file';
	if (Buffer.byteLength(segment) > maxSegmentBytes) return `a part of it is longer than ${maxSegmentBytes} bytes`;
	return undefined;
}

function refuse(what: string, key: string, problem: string): never {
	throw new Failure('invalid', `${JSON.stringify(key.slice(0, 300))} is no ${what} of a repository file: ${problem}`, {
		code: 'invalidKey',
		nextStep: 'Use names made of letters, digits, dots and dashes, with “/” between folders.',
	});
}

/**
 * One rule for all stores, so that a key which one store takes is taken by every other, on every system: relative,
 * no way out of the root, nothing that Windows forbids, one spelling (NFC). Throws an `invalid` Failure.
 */
export function checkKey(key: string): void {
	if (forbiddenCharacters.test(key)) refuse('name', key, 'it has a character that not every file system can hold');
	if (key.normalize('NFC') !== key) refuse('name', key, 'it is not in Unicode form NFC');
	for (const segment of key.split('/')) {
		const problem = segmentProblem(segment);
		if (problem !== undefined) refuse('name', key, problem);
	}
}

/** The same for the beginning of a key, whose last part may be cut anywhere. Throws an `invalid` Failure. */
export function checkPrefix(prefix: string): void {
	if (forbiddenCharacters.test(prefix)) {
		refuse('beginning of a name', prefix, 'it has a character that not every file system can hold');
	}
	for (const segment of prefix.split('/').slice(0, -1)) {
		const problem = segmentProblem(segment);
		if (problem !== undefined) refuse('beginning of a name', prefix, problem);
	}
}
