import { Failure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, ScopeNews } from '../../workload';
import type { MailboxOptions } from '../mailbox-options';
import type { MailboxPart } from '../mailbox-part';
import { PART_TITLES, partRootId } from '../mailbox-part';
import type { SettingKind } from './graph-settings';
import { parseSettingId } from './graph-settings';
import type { ServedSettings, SettingsContext } from './read-settings';
import { askSettings, readSettings } from './read-settings';
import type { SettingDocument } from './setting-document';
import { settingChange } from './setting-document';

const ROOT = partRootId('settings');
const SCOPE = 'settings/all';
const KINDS: readonly SettingKind[] = ['rule', 'category', 'mailboxSettings'];

/** What a run carries from its page to its notes. */
interface SettingsRun {
	context: SettingsContext;
	/** As served in this run: `fetch` hands these bytes out. */
	documents: Map<string, SettingDocument>;
	/** Stored items: id → hash. Null before `enumerate` began. */
	stored: Map<string, string> | null;
}

/** Rules, categories and settings of one mailbox. One instance serves one run. */
export function settingsPart(options: Pick<MailboxOptions, 'graph' | 'mailboxId'>): MailboxPart {
	const run: SettingsRun = {
		context: { graph: options.graph, userPath: `/users/${options.mailboxId}` },
		documents: new Map(),
		stored: null,
	};
	return {
		name: 'settings',
		enumerate: (input) => enumerateSettings(run, input),
		fetch: (requests) => fetchSettings(run, requests),
		confirmMissing: async (ids, _known, signal) => {
			const { goneIds } = await askSettings(run.context, ids, signal);
			return goneIds.map((id) => ({ kind: 'gone', id }));
		},
		notes: (): JsonObject => (run.stored ? { settings: { items: Object.fromEntries(run.stored) } } : {}),
	};
}

async function* enumerateSettings(run: SettingsRun, input: EnumerationInput): AsyncGenerator<ChangePage> {
	const before = await storedItems(input);
	const served = await readSettings(run.context, input.signal);
	if (served.failures.size === KINDS.length) {
		run.stored = before;
		throw mostTelling([...served.failures.values()]);
	}
	const missing = missingIds(before, served);
	const asked = await askSettings(run.context, missing, input.signal);
	run.documents = served.documents;
	for (const document of asked.alive) run.documents.set(document.id, document);

	const retry = new Set(input.retry);
	const changes: Change[] = before.has(ROOT) ? [] : [rootFolder()];
	const stored = new Map(before).set(ROOT, '');
	for (const document of run.documents.values()) {
		const isChanged = before.get(document.id) !== document.hash;
		if (isChanged || retry.has(document.id)) changes.push(settingChange(document, !before.has(document.id)));
		stored.set(document.id, document.hash);
	}
	for (const id of asked.goneIds) {
		changes.push({ kind: 'gone', id });
		stored.delete(id);
	}
	run.stored = stored;
	yield { changes, scopes: scopesOf(served, asked.failures, before) };
}

/**
 * What the catalog holds, as id → hash. The cursor's notes tell it, so that a quiet run reads no catalog; where they are
 * lost or in doubt, a pass over the catalog does.
 */
async function storedItems(input: EnumerationInput): Promise<Map<string, string>> {
	if (input.isFirst) return new Map();
	const notes = input.notes['settings'] as JsonObject | undefined;
	const items = notes?.['items'];
	if (typeof items === 'object' && items !== null && input.isInDoubt !== true) return new Map(Object.entries(items as Record<string, string>));
	const stored = new Map<string, string>();
	for await (const item of input.known.ofType('setting')) {
		if (parseSettingId(item.id)) stored.set(item.id, item.hasContent && item.failedAttempts === 0 ? (item.etag ?? '') : '');
	}
	if ((await input.known.lookUp([ROOT])).has(ROOT)) stored.set(ROOT, '');
	return stored;
}

/** Absence is a question only where the kind was read to its end. */
function missingIds(before: ReadonlyMap<string, string>, served: ServedSettings): string[] {
	return [...before.keys()].filter((id) => {
		const parsed = parseSettingId(id);
		if (!parsed || served.documents.has(id)) return false;
		const failure = served.failures.get(parsed.kind);
		return !failure || (parsed.kind === 'rule' && failure.kind === 'notFound');
	});
}

function scopesOf(served: ServedSettings, unanswered: readonly Failure[], before: ReadonlyMap<string, string>): ScopeNews[] {
	const name = PART_TITLES.settings;
	const rules = served.failures.get('rule');
	const others = [...served.failures].flatMap(([kind, failure]) => (kind === 'rule' && isWithoutRules(failure) ? [] : [failure]));
	const [trouble] = [...others, ...unanswered];
	const scopes: ScopeNews[] = [{ id: SCOPE, name, state: 'complete' }];
	if (trouble) {
		const reason = [`${name}: ${trouble.title ?? trouble.message}`, trouble.nextStep].filter((text) => text !== undefined).join('. ');
		scopes[0] = { id: SCOPE, name, state: trouble.kind === 'denied' ? 'denied' : 'stale', reason };
	}
	if (rules?.kind === 'denied' && isWithoutRules(rules)) {
		const hasSome = [...before.keys()].some((id) => parseSettingId(id)?.kind === 'rule');
		const kept = hasSome ? 'what was stored of them before stays as it was' : 'they are not in the backup';
		// With the other settings readable no permission is missing: it is so with some shared and resource mailboxes.
		scopes.push({
			id: 'settings/rules',
			name: `${name}/Rules`,
			state: 'excluded',
			reason: `${name}: Microsoft 365 does not give the inbox rules of this mailbox; ${kept}. If other mailboxes are affected, too, grant the application permission MailboxSettings.Read`,
		});
	}
	return scopes;
}

/** Of several, the one that the user can do something about. */
function mostTelling(failures: readonly Failure[]): Failure {
	const found = failures.find(({ kind }) => kind === 'denied') ?? failures.find(({ kind }) => kind !== 'notFound') ?? failures[0];
	return found ?? new Failure('defect', 'The settings failed without a failure');
}

/** Rules of shared and resource mailboxes may be refused, or there is no inbox to have any. */
function isWithoutRules(failure: Failure): boolean {
	return failure.kind === 'denied' || failure.kind === 'notFound';
}

function rootFolder(): Change {
	return { kind: 'item', id: ROOT, type: 'folder', name: PART_TITLES.settings, meta: { kind: 'root' }, isNew: true };
}

/** The bytes came with the listing: nothing is asked for again. */
async function* fetchSettings(run: SettingsRun, requests: readonly ContentRequest[]): AsyncGenerator<Fetched> {
	for (const { id } of await Promise.resolve(requests)) {
		const document = run.documents.get(id);
		if (document) yield { id, content: once(document.bytes), sizeBytes: document.bytes.length };
		else yield { id, failure: new Failure('transient', 'The setting was not read in this run') };
	}
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}
