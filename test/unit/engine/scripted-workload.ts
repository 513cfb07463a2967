import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import type { JsonObject } from '../../../nodes/M365Backup/base/json';
import type { BackUpOptions } from '../../../nodes/M365Backup/engine/back-up-options';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { CatalogEntry } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Change, ChangePage, ContentRequest, EnumerationInput, Fetched, Workload } from '../../../nodes/M365Backup/workloads/workload';
import { bytesOf, FakeAmbient, openNew, SOURCE, stateOf } from '../repository/fixtures';

export const KEY = sourceKey(SOURCE);

/** Only waits that end are skipped; the lease's renewal waits for the end of the run. */
export class RunAmbient extends FakeAmbient {
	override async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
		if (delayMs >= 300_000) await realAmbient.sleep(delayMs, signal);
		else await super.sleep(delayMs);
	}
}

export interface Script {
	pages?: ChangePage[];
	fetch?: (id: string, request: ContentRequest) => Fetched | Fetched[] | null;
	missing?: (ids: readonly string[]) => Change[];
	notes?: JsonObject;
}

/** A workload that says what the test tells it, and keeps what it was asked. */
export function scripted(script: Script): Workload & { asked: EnumerationInput[]; confirmed: string[] } {
	const asked: EnumerationInput[] = [];
	const confirmed: string[] = [];
	return {
		asked,
		confirmed,
		async *enumerate(input) {
			asked.push(input);
			for (const page of script.pages ?? []) yield await Promise.resolve(page);
		},
		async *fetch(requests) {
			for (const request of requests) {
				const { id } = request;
				const fetched = script.fetch ? script.fetch(id, request) : { id, content: bytesOf(`Content of ${id}`) };
				for (const one of fetched ? [fetched].flat() : []) yield await Promise.resolve(one);
			}
		},
		confirmMissing: (ids) => {
			confirmed.push(...ids);
			return Promise.resolve(script.missing?.(ids) ?? ids.map((id): Change => ({ kind: 'gone', id })));
		},
		notes: () => script.notes ?? {},
	};
}

export function mail(id: string, parent = 'mail/F', fields: Partial<Change & { kind: 'item' }> = {}): Change & { kind: 'item' } {
	const fetch = { id, folderPath: ['F'], title: id, extension: '.eml', version: id, hints: {} };
	return { kind: 'item', id, type: 'message', parent, name: id, meta: {}, fetch, isNew: true, ...fields };
}

export function page(changes: Change[], link: string, more: Partial<ChangePage> = {}): ChangePage {
	return { changes, links: { 'mail/F': link }, scopes: [{ id: 'mail', name: 'Mail', state: 'complete' }], ...more };
}

export async function fixture() {
	const clock = new RunAmbient();
	const { repository, ambient, store } = await openNew(createMemoryStore({ now: () => clock.now() }), clock);
	const run = async (script: Script, options: Partial<BackUpOptions> = {}) => {
		ambient.advance(options.leaseHolder === undefined ? 3_600_000 : 1000);
		const workload = scripted(script);
		const summary = await backUp({ repository: await Repository.open(store, ambient), source: SOURCE, workload, ambient, ...options });
		return { summary, workload, input: workload.asked[0] };
	};
	const entries = async (): Promise<Map<string, CatalogEntry>> => {
		const opened = await Repository.open(store, ambient);
		return stateOf(opened, (await opened.latest(KEY))!);
	};
	return { repository, ambient, store, run, entries };
}
