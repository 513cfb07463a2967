import { DateTime } from 'luxon';
import { Failure } from '../base/failure';

/**
 * A date parameter, which n8n gives as text, Date or luxon value; undefined if it is empty. Without an offset it is
 * meant in the IANA time zone `zone`. Failure invalid, which names the parameter as it is `shown`.
 */
export function dateParameter(value: unknown, shown: string, zone: string): Date | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	if (value instanceof Date) return value;
	const text = typeof value === 'string' ? value : '';
	const time = DateTime.isDateTime(value) ? value : DateTime.fromISO(text, { zone });
	if (time.isValid) return time.toJSDate();
	throw new Failure('invalid', `${shown} is not a date: "${text}"`, {
		nextStep: 'Give the date as in 2026-11-22 or 2026-11-22T10:00.',
	});
}
