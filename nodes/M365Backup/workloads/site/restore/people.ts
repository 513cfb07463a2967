import type { JsonObject } from '../../../base/json';
import { isFailure } from '../../../base/failure';
import { isObject, objectIn, textIn } from './item-document';
import { ownFailure, signalOf, sitePath, type SiteRestoreContext } from './site-restore-context';

interface Person {
	id: string;
	name: string;
	email: string;
	/** `i:0#.f|membership|anna@contoso.example` */
	login: string;
}

/**
 * Person fields hold a number that only means something in one site: the item of its User Information List. In another
 * site the same user is found by login or address. Graph cannot make a site know somebody.
 */
export class People {
	private source: Promise<Map<string, Person>> | undefined;
	private target: Promise<Person[]> | undefined;

	constructor(
		private readonly context: SiteRestoreContext,
		/** Where the people are needed. */
		private readonly targetSiteId: string,
		private readonly sourceSiteId: string,
		private readonly isSameSite: boolean,
	) {}

	/** @param named what the backup says of people, by lookup id. @returns lookup id in the target site; undefined: not known there */
	async idOf(lookupId: string, named: JsonObject): Promise<string | undefined> {
		if (this.isSameSite) return lookupId;
		const person = await this.personOf(lookupId, named);
		if (!person) return undefined;
		this.target ??= readPeople(this.context, this.targetSiteId);
		const people = await this.target;
		const same = (a: string, b: string): boolean => a !== '' && a.toLowerCase() === b.toLowerCase();
		// A group of the site itself (Owners, Members) has neither login nor address of the tenant.
		const found = people.find(({ login }) => same(login, person.login)) ?? people.find(({ email }) => same(email, person.email)) ?? people.find(({ name, login, email }) => person.login === '' && person.email === '' && login === '' && email === '' && same(name, person.name));
		return found?.id;
	}

	async nameOf(lookupId: string, named: JsonObject): Promise<string> {
		return (await this.personOf(lookupId, named))?.name ?? `number ${lookupId}`;
	}

	private async personOf(lookupId: string, named: JsonObject): Promise<Person | undefined> {
		const said = named[lookupId];
		if (isObject(said)) return { id: lookupId, name: textIn(said, 'name') ?? '', email: textIn(said, 'email') ?? '', login: textIn(said, 'loginName') ?? '' };
		if (!this.context.isSameTenant) return undefined;
		this.source ??= readSource(this.context, this.sourceSiteId);
		return (await this.source).get(lookupId);
	}
}

/** Where the backup does not name them: the site that was backed up, if it is still there. */
async function readSource(context: SiteRestoreContext, siteId: string): Promise<Map<string, Person>> {
	try {
		return new Map((await readPeople(context, siteId)).map((person) => [person.id, person]));
	} catch (error) {
		const failure = ownFailure(context, error);
		if (!isFailure(failure, 'notFound', 'denied')) throw failure;
		return new Map();
	}
}

async function readPeople(context: SiteRestoreContext, siteId: string): Promise<Person[]> {
	const people: Person[] = [];
	const listId = await userListId(context, siteId);
	if (listId === undefined) return people;
	const path = `${sitePath(siteId)}/lists/${listId}/items?$expand=fields($select=Title,Name,EMail,UserName)&$top=1000`;
	for await (const page of context.graph.pages<JsonObject>({ path, ...signalOf(context) })) {
		for (const item of page) {
			const fields = objectIn(item, 'fields');
			const id = textIn(item, 'id');
			if (id !== undefined) people.push({ id, name: textIn(fields, 'Title') ?? '', email: textIn(fields, 'EMail') ?? '', login: textIn(fields, 'Name') ?? '' });
		}
	}
	return people;
}

/** Its name is translated; its template is not. Hidden lists show themselves to who selects `system`. */
async function userListId(context: SiteRestoreContext, siteId: string): Promise<string | undefined> {
	for await (const page of context.graph.pages<JsonObject>({ path: `${sitePath(siteId)}/lists?$select=id,list,system&$top=200`, ...signalOf(context) })) {
		const found = page.find((list) => textIn(objectIn(list, 'list'), 'template') === 'userInformation');
		if (found) return textIn(found, 'id');
	}
	return undefined;
}
