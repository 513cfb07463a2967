import type { ContactFolder } from './contact-folder';
import { CONTACT_PROPERTIES, emptyContact } from './contact-properties';
import { badRequest } from './graph-error';
import type { MailFolder } from './mail-folder';
import type { Json } from './message-json';
import { matches, parseFilter } from './odata-filter';
import type { OdataQuery } from './odata-query';

/** One contact. Created and changed through its mailbox's `contacts` only. */
export class ContactRecord {
	/** Counts up with each change of place under mutable ids. */
	generation = 0;
	/** Where it stands in its folder's list of arrivals. */
	arrival = -1;
	changeNumber = 0;
	createdMs = 0;
	modifiedMs = 0;
	/** Writable properties as Graph shows them. */
	properties: Json = emptyContact();
	photo: { bytes: Buffer; contentType: string } | null = null;
	/** Property id as given at creation → value. */
	readonly singleValueProperties = new Map<string, string>();
	isPurged = false;
	/** Set: reading it always answers 500 with this code. */
	corruptCode?: string;
	/** Set: reading its photo always answers 500 with this code. */
	corruptPhotoCode?: string;

	constructor(
		readonly sequence: number,
		/** A contact folder; a mail folder (Deleted Items, Recoverable Items) once it is deleted. */
		public place: ContactFolder | MailFolder,
		private readonly ids: { immutable: (sequence: number) => string; mutable: (sequence: number, generation: number) => string },
	) {}

	/** The id under `Prefer: IdType="ImmutableId"`. */
	get id(): string {
		return this.ids.immutable(this.sequence);
	}

	/** The id without that header: changes with every move. */
	get mutableId(): string {
		return this.ids.mutable(this.sequence, this.generation);
	}

	get name(): string {
		const { displayName } = this.properties;
		return typeof displayName === 'string' ? displayName : '';
	}
}

function isoSeconds(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Every property of a contact, as a GET without `$select` shows it. */
export function wholeContactJson(contact: ContactRecord, immutable: boolean): Json {
	const changeKey = `EQAAABYAAAC${Buffer.from(String(contact.changeNumber).padStart(9, '0')).toString('base64url')}`;
	return {
		'@odata.etag': `W/"${changeKey}"`,
		id: immutable ? contact.id : contact.mutableId,
		createdDateTime: isoSeconds(contact.createdMs),
		lastModifiedDateTime: isoSeconds(contact.modifiedMs),
		changeKey,
		parentFolderId: contact.place.id,
		...contact.properties,
	};
}

/**
 * A contact as a request wants it.
 *
 * @throws GraphError 400 for properties that contacts do not have, and for what cannot be expanded
 */
export function contactJson(contact: ContactRecord, query: Pick<OdataQuery, 'select' | 'expand'>, immutable: boolean): Json {
	const whole = wholeContactJson(contact, immutable);
	let json = whole;
	if (query.select && !query.select.includes('*')) {
		json = { '@odata.etag': whole['@odata.etag'], id: whole.id };
		for (const wanted of query.select) {
			const name = CONTACT_PROPERTIES.find((one) => one.toLowerCase() === wanted.toLowerCase());
			if (name === undefined) throw badRequest(`Could not find a property named '${wanted}' on type 'Microsoft.OutlookServices.Contact'.`, 'RequestBroker--ParseUri');
			json[name] = whole[name];
		}
	}
	for (const { path, query: inner } of query.expand) {
		if (path.toLowerCase() !== 'singlevalueextendedproperties') throw badRequest(`Could not find a property named '${path}' on type 'Microsoft.OutlookServices.Contact'.`, 'RequestBroker--ParseUri');
		if (inner.filter === undefined) throw badRequest('Expanding extended properties needs a $filter by id.', 'ErrorInvalidRequest');
		const filter = parseFilter(inner.filter);
		const found = [...contact.singleValueProperties].map(([id, value]) => ({ id, value })).filter((property) => matches(filter, property));
		if (found.length > 0) json = { ...json, singleValueExtendedProperties: found };
	}
	return json;
}
