import { badRequest } from './graph-error';
import type { Json } from './message-json';
import type { SettingValues } from './settings-store';

const DAYS = new Set(['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']);
const READ_ONLY = new Set(['archivefolder', 'userpurpose']);

const CHECKS: { [K in keyof SettingValues]: (given: unknown, before: SettingValues[K]) => SettingValues[K] } = {
	automaticRepliesSetting: (given, before) => {
		const changed = { ...before, ...object('automaticRepliesSetting', given) };
		oneOf('status', changed.status, ['disabled', 'alwaysEnabled', 'scheduled']);
		oneOf('externalAudience', changed.externalAudience, ['none', 'contactsOnly', 'all']);
		return changed;
	},
	dateFormat: (given) => text('dateFormat', given),
	timeFormat: (given) => text('timeFormat', given),
	timeZone: (given) => text('timeZone', given),
	language: (given) => {
		const locale = text('locale', object('language', given).locale);
		return { locale, displayName: locale };
	},
	workingHours: (given, before) => {
		const changed = { ...before, ...object('workingHours', given) };
		const days = changed.daysOfWeek;
		if (!Array.isArray(days) || days.some((day) => !DAYS.has(String(day)))) throw badRequest('Invalid value for daysOfWeek.');
		for (const time of ['startTime', 'endTime']) if (!/^\d\d:\d\d:\d\d/.test(text(time, changed[time]))) throw badRequest(`Cannot convert the value of ${time} to a time.`);
		return changed;
	},
	delegateMeetingMessageDeliveryOptions: (given) =>
		oneOf('delegateMeetingMessageDeliveryOptions', given, ['sendToDelegateAndInformationToPrincipal', 'sendToDelegateAndPrincipal', 'sendToDelegateOnly']),
};

/**
 * What a PATCH of `mailboxSettings` changes.
 *
 * @throws GraphError 400 for what is unknown, read-only or of the wrong kind; nothing is changed then
 */
export function settingChanges(body: Json, before: SettingValues): Partial<SettingValues> {
	const changes: Record<string, unknown> = {};
	for (const [name, given] of Object.entries(body)) {
		if (name.startsWith('@odata.')) continue;
		if (READ_ONLY.has(name.toLowerCase())) throw badRequest(`The property ${name} is read-only.`, 'ErrorInvalidRequest');
		if (!(name in CHECKS)) throw badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.mailboxSettings'.`, 'RequestBodyRead');
		const key = name as keyof SettingValues;
		changes[key] = (CHECKS[key] as (given: unknown, before: unknown) => unknown)(given, before[key]);
	}
	return changes;
}

function object(name: string, given: unknown): Json {
	if (typeof given !== 'object' || given === null || Array.isArray(given)) throw badRequest(`Invalid value for ${name}.`);
	return given as Json;
}

function text(name: string, given: unknown): string {
	if (typeof given !== 'string') throw badRequest(`Invalid value for ${name}.`);
	return given;
}

function oneOf(name: string, given: unknown, allowed: readonly string[]): string {
	const value = text(name, given);
	if (!allowed.includes(value)) throw badRequest(`Requested value '${value}' was not found for ${name}.`);
	return value;
}
