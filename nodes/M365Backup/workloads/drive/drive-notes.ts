import { createHash } from 'node:crypto';
import type { JsonObject } from '../../base/json';
import type { DriveContext } from './drive-context';

/** Stands for rules that changed since the last listing: no rules equal it. */
const MIXED_RULES = 'mixed';

/** What a drive remembers from run to run beside its link. Plain data, kept in the cursor. */
export class DriveNotes {
	/** Graph id of the root. */
	rootId: string | undefined;
	/** The link is in the middle of an enumeration of everything: the first one, or a listing to be compared. */
	pass: 'first' | 'listing' | undefined;
	/** The link is in the middle of a round of pages. */
	unfinished = false;
	/** ISO 8601: when everything was last listed and compared, counted from its beginning. */
	listedAt: string | undefined;
	/** ISO 8601: when the permissions of everything that is shared were last read, or nothing where they are not wanted. */
	permissionsAt: string | undefined;
	/** With which options that enumeration began: other ones do not hold for what it had read before they changed. */
	began: { rules: string; versions: number; permissions: boolean } | undefined;
	/** What the options have left out of everything since it was last listed. */
	rules = '';
	/** How many older versions were kept of each file then. */
	versions = 0;
	/** Graph ids of folders that are gone, while what was in them may still stand in the catalog. */
	goneFolders = new Set<string>();
	/** A listing of everything is owed, for what a round could not tell. */
	owed = false;

	static read(value: unknown): DriveNotes {
		const notes = new DriveNotes();
		if (typeof value !== 'object' || value === null) return notes;
		const said = value as Record<string, unknown>;
		notes.rootId = text(said['rootId']);
		const { pass } = said;
		notes.pass = pass === 'first' || pass === 'listing' ? pass : undefined;
		notes.unfinished = said['unfinished'] === true;
		notes.listedAt = text(said['listedAt']);
		notes.began = began(said['began']);
		notes.permissionsAt = text(said['permissionsAt']);
		notes.rules = text(said['rules']) ?? '';
		notes.versions = typeof said['versions'] === 'number' ? said['versions'] : 0;
		if (Array.isArray(said['goneFolders'])) notes.goneFolders = new Set(said['goneFolders'].filter((id) => typeof id === 'string'));
		notes.owed = said['owed'] === true;
		return notes;
	}

	/**
	 * What is not wanted now, or left out, will be missing of what changes meanwhile: to be read of everything once it is
	 * wanted again, even if this run ends before it has listed anything.
	 */
	forgetUnwanted(context: Pick<DriveContext, 'versions' | 'permissions' | 'excluded' | 'maxFileBytes'>): void {
		const { versions, permissions } = context;
		const rules = rulesOf(context);
		if (this.rules !== rules) this.rules = MIXED_RULES;
		this.versions = Math.min(this.versions, versions);
		if (!permissions) this.permissionsAt = undefined;
		if (this.began) {
			const { began } = this;
			this.began = { rules: began.rules === rules ? rules : MIXED_RULES, versions: Math.min(began.versions, versions), permissions: began.permissions && permissions };
		}
	}

	write(): JsonObject {
		return {
			...(this.rootId === undefined ? {} : { rootId: this.rootId }),
			...(this.pass === undefined ? {} : { pass: this.pass }),
			...(this.unfinished ? { unfinished: true } : {}),
			...(this.listedAt === undefined ? {} : { listedAt: this.listedAt }),
			...(this.began === undefined ? {} : { began: this.began }),
			...(this.permissionsAt === undefined ? {} : { permissionsAt: this.permissionsAt }),
			...(this.rules === '' ? {} : { rules: this.rules }),
			...(this.versions === 0 ? {} : { versions: this.versions }),
			...(this.goneFolders.size === 0 ? {} : { goneFolders: [...this.goneFolders] }),
			...(this.owed ? { owed: true } : {}),
		};
	}
}

function began(value: unknown): DriveNotes['began'] {
	if (typeof value !== 'object' || value === null) return undefined;
	const said = value as Record<string, unknown>;
	return { rules: text(said['rules']) ?? '', versions: typeof said['versions'] === 'number' ? said['versions'] : 0, permissions: said['permissions'] === true };
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

/** The same as long as the options leave out the same. */
export function rulesOf({ excluded, maxFileBytes }: Pick<DriveContext, 'excluded' | 'maxFileBytes'>): string {
	if (excluded.isEmpty && maxFileBytes === Number.POSITIVE_INFINITY) return '';
	return createHash('sha256').update(`${String(maxFileBytes)}\n${excluded.key}`).digest('hex').slice(0, 16);
}
