import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';

/** A run by hand in the editor stops after so many minutes unless told otherwise: it works, the schedule finishes it. */
export const manualRunMinutes = 5;

const minuteMs = 60_000;
const bytesPerGb = 1_000_000_000;

/** What the user asked for of any kind of source, checked. */
export interface RunChoices {
	fullResync: boolean;
	alwaysRecord: boolean;
	tag: string | undefined;
	stopAfter: { ms?: number; bytes?: number };
	/** `stopAfter.ms` is there only because the run was started by hand. */
	stopsBecauseManual: boolean;
	failWhenIncomplete: boolean;
	holdWhenUnusual: boolean;
}

/** One of the options of an item. */
export function backUpOption<T>(this: IExecuteFunctions, name: string, itemIndex: number, fallback: T): T {
	return this.getNodeParameter(`options.${name}`, itemIndex, fallback) as T;
}

/** Failure invalid: a value makes no sense; nothing was sent. */
export function runChoices(this: IExecuteFunctions, itemIndex: number): RunChoices {
	const option = <T>(name: string, fallback: T): T => backUpOption.call(this, name, itemIndex, fallback) as T;
	const minutes = limit(option<number | null>('stopAfterMinutes', null), 'Stop After (Minutes)');
	const gigabytes = limit(option<number | null>('stopAfterGb', null), 'Stop After (GB)');
	const tag = option('tag', '').trim();
	const stopsBecauseManual = minutes === undefined && this.getMode() === 'manual';
	return {
		fullResync: option('fullResync', false),
		alwaysRecord: option('alwaysRecord', false),
		tag: tag === '' ? undefined : tag,
		stopAfter: {
			...(stopsBecauseManual ? { ms: manualRunMinutes * minuteMs } : {}),
			...(minutes ? { ms: minutes * minuteMs } : {}),
			...(gigabytes ? { bytes: gigabytes * bytesPerGb } : {}),
		},
		stopsBecauseManual,
		failWhenIncomplete: option('failWhenIncomplete', true),
		holdWhenUnusual: option('holdWhenUnusual', false),
	};
}

/** How many sources at a time; one number for the whole run. */
export function parallelSources(this: IExecuteFunctions): number {
	const wanted = this.getNodeParameter('options.parallelSources', 0, 2) as number;
	if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 16) return wanted;
	throw new Failure('invalid', `Parallel Sources is ${wanted}`, { nextStep: 'Set the option Parallel Sources to a whole number from 1 to 16.' });
}

/** An option that is a number: 0 = no limit; undefined = not set. */
export function limit(value: number | null, name: string): number | undefined {
	if (value === null) return undefined;
	if (Number.isFinite(value) && value >= 0) return value;
	throw new Failure('invalid', `${name} is ${value}`, { nextStep: `Set the option ${name} to a number above 0, or to 0 for no limit.` });
}
