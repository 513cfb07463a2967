import type { ItemType, SourceRef } from '../repository/records';
import type { BackUpSummary } from './back-up-summary';
import type { LeftBehind } from './restore-drill-cleanup';
import type { NotDrilled } from './restore-drill-sample';

/** What tells an item of the drill to a person. */
export interface DrilledItem {
	name: string;
	kind: ItemType;
	/** Where it is in the snapshot. */
	folderPath: string;
}

/** One item of the sample that did not come through. */
export interface FailedItem extends DrilledItem {
	/** `stored`: the backup's bytes; `restore`; `readBack`: what was restored could not be read again. */
	step: 'stored' | 'restore' | 'readBack';
	reason: string;
}

export interface DifferentItem extends DrilledItem {
	differences: string[];
}

/** What a restore drill of one source has proved. */
export interface RestoreDrillProof {
	/**
	 * `passed`: every item of the sample came back identical, and everything was removed. `failed`: an item did not, or
	 * something is left behind. `empty`: there was nothing to try out, so that nothing is proved. `gone`: the mailbox, drive or
	 * site is not there any more, so that nothing could be tried out in it.
	 */
	status: 'passed' | 'failed' | 'empty' | 'gone';
	/** One line, ready for a chat. */
	message: string;
	source: SourceRef;
	/** What was drilled; `time` is when it was finished. */
	snapshot: { id: string; time: string };
	/** Items drawn, of which kinds. */
	sampled: number;
	kinds: Partial<Record<ItemType, number>>;
	restored: number;
	/** Read back and held against the backup. */
	compared: number;
	identical: number;
	/** At most 20. */
	different: DifferentItem[];
	/** At most 20. */
	failed: FailedItem[];
	/** What cannot come back, or cannot be compared, and of how many items: no failure, said by README, Fidelity. */
	fidelity: { note: string; items: number }[];
	/** In the snapshot, but in no sample. */
	notDrilled: NotDrilled[];
	/** Name of the folder that it went into. */
	scratchFolder: string;
	/** Items and folders that were removed again; those in a bin are where the service itself keeps what is deleted. */
	removed: number;
	removedToBin: number;
	/** At most 20. */
	leftBehind: LeftBehind[];
	/** Given again, it draws the same sample of the same snapshot. */
	seed: string;
	/** ISO 8601. */
	startedAt: string;
	durationSeconds: number;
	graph: BackUpSummary['graph'];
}

/** Of lists in a proof, and of notes. */
export const MOST_LISTED = 20;

const WORDS: Readonly<Record<string, readonly [one: string, many: string]>> = {
	message: ['message', 'messages'],
	event: ['event', 'events'],
	contact: ['contact', 'contacts'],
	task: ['task', 'tasks'],
	file: ['file', 'files'],
	listItem: ['list item', 'list items'],
};

/** `8 messages, 1 event` */
export function kindsInWords(kinds: RestoreDrillProof['kinds']): string {
	return Object.entries(kinds)
		.sort(([, a], [, b]) => b - a)
		.map(([kind, items]) => `${items} ${(WORDS[kind] ?? [kind, kind])[items === 1 ? 0 : 1]}`)
		.join(', ');
}

export type MessageInput = Pick<RestoreDrillProof, 'status' | 'source' | 'snapshot' | 'sampled' | 'kinds' | 'identical' | 'different' | 'failed' | 'leftBehind' | 'fidelity'> & { gone?: string | undefined };

export function proofMessage(proof: MessageInput): string {
	const { status, source, snapshot, sampled, kinds, identical, leftBehind, gone } = proof;
	const time = snapshot.time.slice(0, 16).replace('T', ' ');
	if (status === 'gone') return `${source.name}: restore drill proves nothing. ${gone ?? 'It is gone'}: set Restore Into to another mailbox or drive to try out its backup`;
	if (status === 'empty') return `${source.name}: restore drill proves nothing, since the snapshot of ${time} UTC has nothing that can be tried out`;
	const what = `${sampled} ${sampled === 1 ? 'item' : 'items'} of the snapshot of ${time} UTC (${kindsInWords(kinds)})`;
	if (status === 'passed') return `${source.name}: restore drill passed. ${what} came back identical and ${sampled === 1 ? 'was' : 'were'} removed again`;
	const left = leftBehind.length === 0 ? '' : `. Left behind: ${leftBehind.slice(0, 3).map(({ path }) => path).join(', ')}${leftBehind.length > 3 ? ' and more' : ''}`;
	if (identical === sampled) return `${source.name}: restore drill FAILED to clean up. ${what} came back identical${left}`;
	return `${source.name}: restore drill FAILED. ${identical} of ${what} came back identical. ${worst(proof)}${left}`;
}

/** The first one is enough for a chat. */
function worst({ different, failed, sampled, identical }: MessageInput): string {
	const [first] = [...failed.map(({ name, reason }) => `"${name}": ${reason}`), ...different.map(({ name, differences }) => `"${name}": ${differences.join('; ')}`)];
	const others = sampled - identical - 1;
	return `${first ?? ''}${others > 0 ? ` (and ${others} more)` : ''}`;
}
