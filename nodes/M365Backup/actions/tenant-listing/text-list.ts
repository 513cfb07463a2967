import { commaList } from '../comma-list';

/** What stands in a field of several lines: parts between commas and line ends, trimmed, without empty ones. An expression may also give a list. */
export function textList(value: unknown): string[] {
	return commaList(typeof value === 'string' ? value.split(/\r?\n/).join(',') : value);
}
