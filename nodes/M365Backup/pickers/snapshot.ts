import type { IDisplayOptions, IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { DateTime } from 'luxon';
import { Failure } from '../base/failure';
import { repositoryForPicker, type Repository, type SnapshotRecord } from '../connect/repository';
import { fieldUse, matching, pageOf, picked } from './field';
import { resolveSource } from './source';

const latest = 'latest';
const allSnapshots = 'all';
const runId = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;
const pageLength = 100;

const aboutAll = ' A search can also look into All Snapshots: it finds the newest version of each item, also of those deleted meanwhile.';

export function isSnapshotId(text: string): boolean {
	return runId.test(text);
}

/** Which state of the source: the latest, that of a date, or one of the list; for a search also all of them. */
export function snapshotField(use: { displayOptions?: IDisplayOptions; forSearch?: boolean }): INodeProperties {
	const { forSearch = false, ...others } = use;
	return {
		...fieldUse({
			name: 'snapshot',
			displayName: 'Snapshot',
			description: `Which state of the mailbox, drive or site to use. Latest is the newest complete snapshot.${forSearch ? aboutAll : ''}`,
			required: true,
			...others,
		}),
		type: 'resourceLocator',
		default: { mode: 'list', value: latest, cachedResultName: 'Latest' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a snapshot…',
				typeOptions: { searchListMethod: 'searchSnapshots', searchable: true, skipCredentialsCheckInRLC: true },
			},
			{
				displayName: 'As of Date',
				name: 'asOf',
				type: 'string',
				placeholder: 'e.g. 2026-11-22T10:00',
				hint: 'The newest complete snapshot that was finished by then, in the time zone of the workflow; a date alone means the end of that day',
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. 20261122T100000Z-9f3a',
			},
		],
	};
}

/** The list behind the field: Latest, for a search All Snapshots, then the chosen source's snapshots, newest first. */
export async function searchSnapshots(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const repository = await repositoryForPicker.call(this);
	const source = await resolveSource(repository, this.getCurrentNodeParameter('source'));
	const first = [{ name: 'Latest', value: latest }, ...(isSearch.call(this) ? [{ name: 'All Snapshots', value: allSnapshots }] : [])];
	if (!source) return { results: first };
	const snapshots = (await repository.snapshots(source.key)).reverse();
	const entries = matching([...first, ...snapshots.map((snapshot) => listed(snapshot, this.getTimezone()))], filter, ({ name }) => name);
	const { page, next } = pageOf(entries, paginationToken, pageLength);
	return { results: page, ...next };
}

/** Only a search can look into several snapshots. */
function isSearch(this: ILoadOptionsFunctions): boolean {
	return this.getCurrentNodeParameter('operation') === 'search' || this.getCurrentNodeParameter('selection') === 'search';
}

function listed(snapshot: SnapshotRecord, zone: string): { name: string; value: string } {
	const time = DateTime.fromISO(snapshot.finishedAt, { zone }).toFormat('yyyy-LL-dd HH:mm');
	const notes = [
		`${snapshot.totals.items} ${snapshot.totals.items === 1 ? 'item' : 'items'}`,
		...(snapshot.status === 'partial' ? ['partial'] : []),
		...(snapshot.tag ? [snapshot.tag] : []),
	];
	return { name: `${time} (${notes.join(', ')})`, value: snapshot.id };
}

/** A snapshot, and what the user should know about the choice. */
export interface ChosenSnapshot {
	snapshot: SnapshotRecord;
	warnings: string[];
}

/** What the parameter names. Failures: invalid (not a date), notFound (none that old, no such id, no backup). */
export async function chosenSnapshot(
	this: IExecuteFunctions,
	repository: Repository,
	sourceKey: string,
	itemIndex: number,
): Promise<ChosenSnapshot> {
	return resolveSnapshot(repository, sourceKey, givenSnapshot.call(this, itemIndex), this.getTimezone());
}

/** Failure invalid: an expression left a date or an ID empty. Another state than the one that was meant would be taken. */
function givenSnapshot(this: IExecuteFunctions, itemIndex: number): unknown {
	const raw: unknown = this.getNodeParameter('snapshot', itemIndex, latest);
	const { mode, value } = picked(raw);
	if (value !== '' || mode === 'list') return raw;
	throw new Failure('invalid', mode === 'asOf' ? 'As of Date is empty' : 'Snapshot is empty', {
		nextStep: 'Fill in the parameter Snapshot, or choose Latest from its list.',
	});
}

/** What a search looks into. */
export interface ChosenSnapshots extends ChosenSnapshot {
	/** All snapshots up to `snapshot`, which is the newest of any status. */
	all: boolean;
}

/** As `chosenSnapshot`, where All Snapshots may be chosen, too. */
export async function chosenSnapshots(
	this: IExecuteFunctions,
	repository: Repository,
	sourceKey: string,
	itemIndex: number,
): Promise<ChosenSnapshots> {
	const raw = givenSnapshot.call(this, itemIndex);
	if (!isAll(raw)) return { ...(await resolveSnapshot(repository, sourceKey, raw, this.getTimezone())), all: false };
	const newest = await repository.latest(sourceKey);
	if (!newest) throw new Failure('notFound', 'There is no snapshot of this source', { nextStep: 'Back it up first.' });
	return { snapshot: newest, warnings: [], all: true };
}

/** Whether the parameter says All Snapshots. */
export function isAll(raw: unknown): boolean {
	return picked(raw).value.toLowerCase() === allSnapshots;
}

/** `zone` is the IANA time zone in which a date without an offset is meant. */
export async function resolveSnapshot(repository: Repository, sourceKey: string, raw: unknown, zone: string): Promise<ChosenSnapshot> {
	const { mode, value } = picked(raw);
	if (isAll(raw)) {
		throw new Failure('invalid', 'All Snapshots can only be searched', { nextStep: 'Choose one snapshot, or Latest, or search.' });
	}
	if (runId.test(value)) return { snapshot: await repository.snapshot(sourceKey, value), warnings: [] };
	const wantsLatest = value === '' || value.toLowerCase() === latest;
	if (!wantsLatest && mode !== 'asOf' && Number.isNaN(Date.parse(value))) {
		throw new Failure('notFound', `There is no snapshot "${value}"`, {
			nextStep: 'Choose a snapshot from the list, or Latest.',
		});
	}
	const asOf = wantsLatest ? undefined : asOfDate(value, zone);
	const newest = await repository.newest(sourceKey, asOf ? { asOf } : {});
	if (!newest) {
		throw new Failure('notFound', asOf ? `There is no snapshot as old as ${value}` : 'There is no snapshot of this source', {
			nextStep: asOf ? 'Choose a later date, or a snapshot from the list.' : 'Back it up first.',
		});
	}
	return { snapshot: newest.snapshot, warnings: snapshotWarnings(newest) };
}

/** DESIGN §3.1: without a complete snapshot the newest partial one counts, and the user is told so. */
function snapshotWarnings(newest: { isPartial: boolean; newerPartial?: SnapshotRecord }): string[] {
	if (newest.isPartial) return ['This snapshot is partial: there is no complete one yet, so some items may be missing'];
	if (newest.newerPartial) {
		return [`There is a newer snapshot, ${newest.newerPartial.id}, which is partial; choose it by ID to use it`];
	}
	return [];
}

function asOfDate(value: string, zone: string): Date {
	const time = DateTime.fromISO(value, { zone });
	if (!time.isValid) {
		throw new Failure('invalid', `"${value}" is not a date`, {
			nextStep: 'Give the date as in 2026-11-22 or 2026-11-22T10:00.',
		});
	}
	return (/^\d{4}-\d{2}-\d{2}$/.test(value) ? time.endOf('day') : time).toJSDate();
}
