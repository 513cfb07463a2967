import type { DriveContext } from './drive-context';

/** One line for each reason that kept something out, with numbers; of what this run met. */
export function leftOutWarnings({ leftOut, infected, maxFileBytes, title }: DriveContext): string[] {
	const { byPath, bySize, shortcuts } = leftOut;
	return [
		...(byPath.files === 0 ? [] : [`${title}: ${counted(byPath)} left out by Exclude Paths`]),
		...(bySize.files === 0 ? [] : [`${title}: ${counted(bySize)} left out: larger than ${size(maxFileBytes)}`]),
		...(shortcuts === 0 ? [] : [`${title}: ${shortcuts === 1 ? 'a shortcut' : `${shortcuts} shortcuts`} to other drives left out; what they point to is backed up with the drive in which it lies`]),
		...(infected.length === 0 ? [] : [`${title}: ${infected.length === 1 ? '1 file was' : `${infected.length} files were`} not backed up, since Microsoft 365 found malware and does not hand ${infected.length === 1 ? 'it' : 'them'} out: ${listed(infected)}`]),
	];
}

function counted({ files, bytes }: { files: number; bytes: number }): string {
	return files === 1 ? `1 file of ${size(bytes)} was` : `${files} files of together ${size(bytes)} were`;
}

const MOST_NAMED = 10;

function listed(names: readonly string[]): string {
	const named = names.slice(0, MOST_NAMED).map((name) => `"${name}"`).join(', ');
	return names.length > MOST_NAMED ? `${named} and ${names.length - MOST_NAMED} more` : named;
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

function size(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 1000 && unit < UNITS.length - 1) {
		value /= 1000;
		unit += 1;
	}
	return `${value >= 10 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${UNITS[unit] ?? ''}`;
}
