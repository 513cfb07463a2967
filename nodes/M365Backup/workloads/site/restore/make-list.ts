import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import { hasPermission } from '../../../graph/permissions';
import { createOnce } from '../../mailbox/restore/create-once';
import type { Column } from './column';
import { SITE_NOTES } from './fidelity';
import { textIn } from './item-document';
import { addedContentTypes, definitionOf, textDefinition, type MissingColumns } from './list-schema';
import { ownFailure, signalOf, sitePath, type SiteRestoreContext } from './site-restore-context';
import type { TargetList } from './target-list';

/** Lists that Graph does not make (corso lists.go): the service's own, and what only an app makes. */
const NOT_MADE = new Set(['webtemplateextensionslist', 'sharinglinks', 'accessrequest', 'userinformation', 'designcatalog', 'webpagelibrary']);
const GRANT_MANAGE = 'Grant the application permission Sites.Manage.All to the app registration in Entra and give admin consent, or make the list in SharePoint under its old name. Nothing of it was restored.';

/** A list that has to be made by an application that may not. */
export function mayNotMake(name: string, cause?: Failure): Failure {
	return new Failure('denied', `The list ${name} is not there, and the application may not make lists`, {
		title: `The list ${name} is not there, and the application may not make lists`,
		nextStep: GRANT_MANAGE,
		...(cause ? { cause, code: cause.code, status: cause.status } : {}),
	});
}

/** The same of columns that are missing in a list. */
export function mayNotAddColumns(name: string, cause?: Failure): Failure {
	return new Failure('denied', `Columns of the list ${name} are missing, and the application may not add them`, { nextStep: GRANT_MANAGE, ...(cause ? { cause } : {}) });
}

export interface NewListInput {
	displayName: string;
	/** Of the container in the snapshot. */
	meta: JsonObject;
	columns: readonly Column[];
	/** The list, if it is there after all although the answer was lost. */
	find: () => Promise<{ id: string } | undefined>;
}

/** Makes lists with their columns and content types, as far as Graph can. */
export class ListMaker {
	constructor(private readonly context: SiteRestoreContext) {}

	/** Known only where the token's roles are, and never of rights on single sites (Sites.Selected). */
	lacksPermission(): boolean {
		const { roles } = this.context;
		return roles !== undefined && !hasPermission(roles, 'Sites.Manage.All') && !roles.includes('Sites.Selected');
	}

	/** What `make` and what follows would say. */
	foresee(target: TargetList, missing: MissingColumns): void {
		const doubtful = missing.first.filter(({ kind }) => kind === 'link' || kind === 'place');
		if (doubtful.length > 0) target.notes.push(SITE_NOTES.mayBeText(doubtful.map(({ displayName }) => displayName)));
		if (!target.isLibrary) target.notes.push(SITE_NOTES.viewsLost);
	}

	/** @returns Graph id. @throws Failure */
	async make(target: TargetList, { displayName, meta, columns, find }: NewListInput): Promise<string> {
		const { context } = this;
		const said = textIn(meta, 'template') ?? 'genericList';
		const template = target.isLibrary ? 'documentLibrary' : NOT_MADE.has(said.toLowerCase()) ? 'genericList' : said;
		const description = textIn(meta, 'description') ?? '';
		const post = (withTemplate: string, withColumns: readonly JsonObject[]): Promise<{ id: string }> =>
			createOnce(
				() =>
					context.graph.json<{ id: string }>({
						method: 'POST',
						path: `${sitePath(target.site.id)}/lists`,
						body: { displayName, ...(description === '' ? {} : { description }), ...(withColumns.length === 0 ? {} : { columns: [...withColumns] }), list: { template: withTemplate } },
						...signalOf(context),
					}),
				find,
				context.ambient,
				context.signal,
			);
		try {
			let made: { id: string };
			try {
				made = await post(template, columns.map((column) => definitionOf(column)));
			} catch (error) {
				if (!isFailure(error, 'invalid')) throw error;
				// Which of them was refused is learnt one by one.
				made = await this.makeBare(target, template, post);
				target.id = made.id.toLowerCase();
				await this.addColumns(target, columns);
			}
			if (template !== said && !target.isLibrary) target.notes.push(SITE_NOTES.templateLost(said));
			if (!target.isLibrary) target.notes.push(SITE_NOTES.viewsLost);
			target.id = made.id.toLowerCase();
			return target.id;
		} catch (error) {
			const failure = ownFailure(context, error);
			if (failure.kind === 'denied' && failure.status === 403 && !/notallowed|resourcelocked/i.test(failure.code ?? '')) throw mayNotMake(displayName, failure);
			if (failure.kind === 'conflict') throw new Failure('conflict', `The site has something named ${displayName} already that Microsoft Graph does not list`, { nextStep: 'Restore into another site or folder.', cause: failure });
			throw failure;
		}
	}

	private async makeBare(target: TargetList, template: string, post: (template: string, columns: readonly JsonObject[]) => Promise<{ id: string }>): Promise<{ id: string }> {
		try {
			return await post(template, []);
		} catch (error) {
			if (!isFailure(error, 'invalid') || target.isLibrary || template === 'genericList') throw error;
			const made = await post('genericList', []);
			target.notes.push(SITE_NOTES.templateLost(template));
			return made;
		}
	}

	/** One by one; those that Graph refuses become text or are left out, and the list says so. */
	async addColumns(target: TargetList, columns: readonly Column[]): Promise<void> {
		for (const column of columns) {
			const failure = await this.tryColumn(target, definitionOf(column));
			if (!failure) continue;
			if (column.kind !== 'calculated' && !(await this.tryColumn(target, textDefinition(column)))) target.notes.push(SITE_NOTES.columnAsText(column.displayName));
			else target.notes.push(SITE_NOTES.columnLost(column.displayName, failure.message));
		}
	}

	async addLookup(target: TargetList, column: Column, listId: string | null | undefined): Promise<void> {
		if (typeof listId !== 'string') {
			this.loseLookup(target, column);
			return;
		}
		const failure = await this.tryColumn(target, definitionOf(column, listId));
		if (failure) target.notes.push(SITE_NOTES.columnLost(column.displayName, failure.message));
	}

	/** A lookup cannot be made without the list that it looks into. */
	loseLookup(target: TargetList, column: Column): void {
		target.columns = target.columns.filter(({ name }) => name !== column.name);
		target.notes.push(SITE_NOTES.columnLost(column.displayName, 'the list that it looks into is not there; restore both together'));
	}

	/** A column whose values Graph refuses becomes one of text. @returns whether it did */
	async makeText(target: TargetList, column: Column): Promise<boolean> {
		const { context } = this;
		const base = `${sitePath(target.site.id)}/lists/${target.id ?? ''}/columns`;
		const id = column.definition['id'];
		await context.graph.json({ method: 'DELETE', path: `${base}/${typeof id === 'string' ? id : column.name}`, ...signalOf(context) });
		return (await this.tryColumn(target, textDefinition(column))) === undefined;
	}

	private async tryColumn(target: TargetList, body: JsonObject): Promise<Failure | undefined> {
		const { context } = this;
		try {
			await createOnce<unknown>(
				() => context.graph.json({ method: 'POST', path: `${sitePath(target.site.id)}/lists/${target.id ?? ''}/columns`, body, ...signalOf(context) }),
				() => Promise.resolve(undefined),
				context.ambient,
				context.signal,
			);
			return undefined;
		} catch (error) {
			const failure = ownFailure(context, error);
			// Somebody, or an attempt whose answer was lost, has made it.
			if (failure.kind === 'conflict') return undefined;
			if (failure.kind === 'invalid') return failure;
			if (failure.kind === 'denied') throw mayNotAddColumns(target.path.at(-1) ?? '', failure);
			throw failure;
		}
	}

	async addContentTypes(target: TargetList, types: readonly JsonObject[]): Promise<void> {
		const { context } = this;
		for (const { id, name } of addedContentTypes(types)) {
			try {
				await context.graph.json({ method: 'POST', path: `${sitePath(target.site.id)}/lists/${target.id ?? ''}/contentTypes/addCopy`, body: { contentType: id }, ...signalOf(context) });
			} catch (error) {
				const failure = ownFailure(context, error);
				if (failure.kind === 'conflict') continue;
				if (!isFailure(failure, 'invalid', 'notFound')) throw failure;
				target.notes.push(SITE_NOTES.contentTypeLost(name));
			}
		}
	}
}

