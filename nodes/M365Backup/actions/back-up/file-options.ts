import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { commaList } from '../comma-list';
import { backUpOption, limit } from './back-up-options';

const bytesPerMb = 1_000_000;

/** What of files to back up: of a drive, or of the libraries of a site. */
export interface FileChoices {
	excludePaths: string[];
	maxFileBytes?: number;
	permissions: boolean;
	/** How many older versions of each file; 0: none. */
	versions: number;
}

export function fileChoices(this: IExecuteFunctions, itemIndex: number): FileChoices {
	const option = <T>(name: string, fallback: T): T => backUpOption.call(this, name, itemIndex, fallback) as T;
	const megabytes = limit(option<number | null>('largestFileMb', null), 'Largest File (MB)');
	const versions: unknown = option<unknown>('versions', 0);
	if (typeof versions !== 'number' || !Number.isInteger(versions) || versions < 0) {
		throw new Failure('invalid', `Version History is ${JSON.stringify(versions)}`, { nextStep: 'Set the option Version History to a whole number, or to 0 for none.' });
	}
	return {
		excludePaths: commaList(option('excludePaths', '')),
		...(megabytes ? { maxFileBytes: megabytes * bytesPerMb } : {}),
		permissions: option('permissions', false),
		versions,
	};
}

/** `examples` of paths, and what they are relative to. */
export function fileOptions({ examples, from }: { examples: string; from: string }): INodeProperties[] {
	return [
		{
			displayName: 'Exclude Paths',
			name: 'excludePaths',
			type: 'string',
			default: '',
			placeholder: `e.g. ${examples}`,
			description: `Comma-separated list of files and folders to leave out, with everything in them, as paths from ${from}. * stands for any characters of a name, ** for any folders.`,
		},
		{
			displayName: 'Largest File (MB)',
			name: 'largestFileMb',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'Leave out larger files; the summary says how many. 0 means no limit.',
		},
		{
			displayName: 'Permissions',
			name: 'permissions',
			type: 'boolean',
			default: false,
			description: 'Whether to back up also who may see and change shared files and folders, and their sharing links. Costs one request for each shared item.',
		},
		{
			displayName: 'Version History',
			name: 'versions',
			type: 'number',
			typeOptions: { minValue: 0, numberPrecision: 0 },
			default: 0,
			description: 'How many older versions to keep of each file that is new or has changed, as SharePoint has them. 0 means only the present one: every backup is a version of its own anyway.',
		},
	];
}
