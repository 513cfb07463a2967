import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableFolder, RestoreDestination, RestoreOutcome } from '../../restorer';
import { PART_TITLES } from '../mailbox-part';
import { createOnce } from '../restore/create-once';
import { flatName } from '../restore/flat-name';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';
import { graphIdOf } from './calendar-context';

/** Where events of one calendar of the snapshot go. */
export interface TargetCalendar {
	/** Graph id; null in a preview of a calendar that is to be made. */
	id: string | null;
	/** Display names: `['Calendars', 'Work']`. */
	path: string[];
	/** Nothing can be in it yet. */
	isNew: boolean;
}

interface LivingCalendar {
	id: string;
	name?: string | null;
	isDefaultCalendar?: boolean | null;
	canEdit?: boolean | null;
	owner?: { address?: string | null } | null;
}

interface LivingGroup {
	id: string;
	name?: string | null;
}

export interface TargetCalendarsInput {
	context: RestoreContext;
	folders: ReadonlyMap<string, RestorableFolder>;
	destination: RestoreDestination;
	preview: boolean;
	/** Told of each calendar and group that is made. */
	report: (outcome: RestoreOutcome) => void;
}

/** Events whose calendar the backup does not know go here. */
const ORPHANAGE = 'Restored Items';

/**
 * Finds or makes the calendars that events go into, each once. Original places: the same calendar by its id, whatever it is
 * called now; else the default one for the default one; else the one of that name; else made anew in its group, with its
 * colour. Below a path: a calendar of its own whose name says the path, since calendars cannot nest.
 */
export class TargetCalendars {
	private calendars: Promise<LivingCalendar[]> | undefined;
	private groups: Promise<LivingGroup[]> | undefined;
	private readonly targets = new Map<string, Promise<TargetCalendar>>();
	private readonly madeGroups = new Map<string, Promise<string | null>>();

	constructor(private readonly input: TargetCalendarsInput) {}

	/** Graph ids of the mailbox's own calendars. */
	async ownIds(): Promise<string[]> {
		return (await this.living()).map(({ id }) => id);
	}

	async nameOf(id: string): Promise<string> {
		return (await this.living()).find((calendar) => calendar.id === id)?.name ?? '';
	}

	/** @throws Failure if this calendar can neither be found nor made; asked again after a passing fault, it tries again. */
	target(folderId: string | undefined): Promise<TargetCalendar> {
		const key = folderId ?? '';
		const met = this.targets.get(key);
		if (met) return met;
		const found = this.find(folderId);
		this.targets.set(key, found);
		found.catch((error: unknown) => {
			if (isFailure(toFailure(error), 'transient', 'throttled')) this.targets.delete(key);
		});
		return found;
	}

	/** A group that was selected itself is wanted even if it is empty. */
	async group(folderId: string): Promise<void> {
		const folder = this.input.folders.get(folderId);
		if (folder && this.input.destination.kind === 'original') await this.groupId(folder);
	}

	private async find(folderId: string | undefined): Promise<TargetCalendar> {
		const folder = (folderId === undefined ? undefined : this.input.folders.get(folderId)) ?? { id: '', name: ORPHANAGE, meta: {} };
		const { destination, context } = this.input;
		const living = await this.living();
		if (destination.kind === 'original') {
			const same = context.isOriginalMailbox ? living.find(({ id }) => id === graphIdOf(folder.id)) : undefined;
			const isDefault = folder.meta['isDefault'] === true;
			const standIn = isDefault ? living.find(({ isDefaultCalendar }) => isDefaultCalendar === true) : undefined;
			const found = same ?? standIn ?? named(living, folder.name);
			if (found) return { id: found.id, path: [PART_TITLES.calendar, found.name ?? ''], isNew: false };
			return await this.make(folder, folder.name, this.groupOf(folder));
		}
		const name = flatName(destination.path, folder.name);
		const found = named(living, name);
		return found ? { id: found.id, path: [PART_TITLES.calendar, name], isNew: false } : await this.make(folder, name, undefined);
	}

	private groupOf(folder: RestorableFolder): RestorableFolder | undefined {
		const parent = folder.parent === undefined ? undefined : this.input.folders.get(folder.parent);
		return parent?.meta['kind'] === 'calendarGroup' ? parent : undefined;
	}

	private async make(folder: RestorableFolder, name: string, group: RestorableFolder | undefined): Promise<TargetCalendar> {
		const { preview, report } = this.input;
		const path = [PART_TITLES.calendar, ...(group ? [group.name] : []), name];
		const groupId = group ? await this.groupId(group) : undefined;
		const made = preview ? null : await this.post(name, folder.meta, groupId ?? undefined);
		// Somebody else made it a moment ago: there may be events in it.
		if (made?.wasThere) return { id: made.id, path, isNew: false };
		const id = made?.id ?? null;
		report({
			id: folder.id,
			type: 'folder',
			name,
			...(folder.parent === undefined ? {} : { parent: folder.parent }),
			outcome: 'folderCreated',
			targetPath: path,
			...(id === null ? {} : { newId: id }),
			fidelity: [],
		});
		if (id !== null) this.calendars = Promise.resolve([...(await this.living()), { id, name, canEdit: true }]);
		return { id, path, isNew: true };
	}

	private async post(name: string, meta: JsonObject, groupId: string | undefined): Promise<{ id: string; wasThere: boolean }> {
		const { context } = this.input;
		const below = groupId === undefined ? '/calendars' : `/calendarGroups/${encodeURIComponent(groupId)}/calendars`;
		const body: JsonObject = { name, ...(typeof meta['color'] === 'string' ? { color: meta['color'] } : {}) };
		const attempt = async (): Promise<string> =>
			(await context.graph.json<{ id: string }>({ method: 'POST', path: `${context.userPath}${below}`, body, ...signalOf(context) })).id;
		const again = async (): Promise<string | undefined> => {
			this.calendars = undefined;
			return named(await this.living(), name)?.id;
		};
		try {
			return { id: await createOnce(attempt, again, context.ambient, context.signal), wasThere: false };
		} catch (error) {
			// Of that name since a moment ago, or one that cannot be edited, which keeps the name for itself.
			const found = isFailure(error, 'conflict') ? await again() : undefined;
			if (found === undefined) throw error;
			return { id: found, wasThere: true };
		}
	}

	private groupId(folder: RestorableFolder): Promise<string | null> {
		const met = this.madeGroups.get(folder.id);
		if (met) return met;
		const found = this.findGroup(folder);
		this.madeGroups.set(folder.id, found);
		found.catch(() => this.madeGroups.delete(folder.id));
		return found;
	}

	private async findGroup(folder: RestorableFolder): Promise<string | null> {
		const { context, preview, report } = this.input;
		this.groups ??= this.list<LivingGroup>('/calendarGroups?$select=id,name&$top=100');
		const living = await this.groups;
		const same = context.isOriginalMailbox ? living.find(({ id }) => id === graphIdOf(folder.id)) : undefined;
		const found = same ?? living.find(({ name }) => name?.toLowerCase() === folder.name.toLowerCase());
		if (found) return found.id;
		const attempt = async (): Promise<string> => {
			const body = { name: folder.name };
			return (await context.graph.json<{ id: string }>({ method: 'POST', path: `${context.userPath}/calendarGroups`, body, ...signalOf(context) })).id;
		};
		const again = async (): Promise<string | undefined> => {
			const now = await this.list<LivingGroup>('/calendarGroups?$select=id,name&$top=100');
			return now.find(({ name }) => name?.toLowerCase() === folder.name.toLowerCase())?.id;
		};
		const id = preview ? null : await createOnce(attempt, again, context.ambient, context.signal);
		const { name, parent } = folder;
		report({
			id: folder.id,
			type: 'folder',
			name,
			...(parent === undefined ? {} : { parent }),
			outcome: 'folderCreated',
			targetPath: [PART_TITLES.calendar, name],
			...(id === null ? {} : { newId: id }),
			fidelity: [],
		});
		return id;
	}

	/** Those of the mailbox's owner that can be written to. */
	private living(): Promise<LivingCalendar[]> {
		const asked = this.calendars ?? this.readOwn();
		this.calendars = asked;
		asked.catch(() => {
			if (this.calendars === asked) this.calendars = undefined;
		});
		return asked;
	}

	private async readOwn(): Promise<LivingCalendar[]> {
		const all = await this.list<LivingCalendar>('/calendars?$select=id,name,isDefaultCalendar,canEdit,owner&$top=100');
		const mine = all.find(({ isDefaultCalendar }) => isDefaultCalendar === true)?.owner?.address?.toLowerCase();
		return all.filter(({ canEdit, owner }) => canEdit !== false && (mine === undefined || !owner?.address || owner.address.toLowerCase() === mine));
	}

	private async list<T>(path: string): Promise<T[]> {
		const { context } = this.input;
		const found: T[] = [];
		for await (const page of context.graph.pages<T>({ path: `${context.userPath}${path}`, ...signalOf(context) })) found.push(...page);
		return found;
	}
}

function named(calendars: readonly LivingCalendar[], name: string): LivingCalendar | undefined {
	return calendars.find((calendar) => calendar.name?.toLowerCase() === name.toLowerCase());
}
