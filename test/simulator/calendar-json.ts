import type { CalendarGroupRecord, CalendarRecord } from './calendar-record';
import { expandedProperties } from './extended-properties';
import type { Json } from './event-record';
import { badRequest } from './graph-error';
import { changeKey } from './message-json';
import type { OdataQuery } from './odata-query';

/** A calendar as Graph shows it. @throws GraphError 400 for properties that calendars do not have */
export function calendarJson(calendar: CalendarRecord, query: Pick<OdataQuery, 'select' | 'expand'>): Json {
	const isOwn = calendar.kind === 'own';
	const full: Json = {
		name: calendar.name,
		color: calendar.color,
		hexColor: calendar.hexColor,
		isDefaultCalendar: calendar.isDefault,
		changeKey: changeKey(calendar.changeNumber),
		canShare: calendar.canShare,
		canViewPrivateItems: calendar.canViewPrivateItems,
		canEdit: calendar.canEdit,
		allowedOnlineMeetingProviders: isOwn ? ['teamsForBusiness'] : [],
		defaultOnlineMeetingProvider: isOwn ? 'teamsForBusiness' : 'unknown',
		isTallyingResponses: calendar.isDefault,
		isRemovable: calendar.isRemovable,
		owner: { name: calendar.owner.name, address: calendar.owner.address },
	};
	const json = selected(calendar.id, full, query.select, 'Calendar', ['calendarView', 'events', 'singleValueExtendedProperties', 'calendarPermissions']);
	for (const item of query.expand) {
		if (item.path.toLowerCase() !== 'singlevalueextendedproperties') throw badRequest(`Could not find a property named '${item.path}' on type 'Microsoft.OutlookServices.Calendar'.`, 'RequestBroker--ParseUri');
		const values = expandedProperties(calendar.singleValueProperties, item.query.filter);
		if (values.length) json.singleValueExtendedProperties = values;
	}
	return json;
}

export function groupJson(group: CalendarGroupRecord, select: readonly string[] | undefined): Json {
	return selected(group.id, { name: group.name, classId: group.classId, changeKey: changeKey(group.changeNumber) }, select, 'CalendarGroup', ['calendars']);
}

function selected(id: string, full: Json, select: readonly string[] | undefined, type: string, navigations: readonly string[]): Json {
	if (!select || select.includes('*')) return { id, ...full };
	const json: Json = { id };
	for (const wanted of select) {
		const name = Object.keys(full).find((one) => one.toLowerCase() === wanted.toLowerCase());
		if (name) json[name] = full[name];
		else if (wanted !== 'id' && !navigations.some((one) => one.toLowerCase() === wanted.toLowerCase())) throw badRequest(`Could not find a property named '${wanted}' on type 'Microsoft.OutlookServices.${type}'.`, 'RequestBroker--ParseUri');
	}
	return json;
}
