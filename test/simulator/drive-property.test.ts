import { afterEach, describe, expect, it } from 'vitest';
import type { Drive } from './drive-store';
import type { DriveNode } from './drive-node';
import { GraphCaller, type Entity } from './graph-caller';
import { SeededRandom } from './seeded-random';
import { startSimulator, type RunningSimulator } from './start';
import type { Switches } from './switches';

let simulator: RunningSimulator | undefined;
afterEach(async () => {
	await simulator?.stop();
	simulator = undefined;
});

/** What a client knows that tracks items by id, as driveitem-delta says. */
class Mirror {
	readonly items = new Map<string, { name: unknown; parent: unknown; cTag: unknown }>();

	apply(entries: readonly Entity[]): void {
		for (const entry of entries) {
			if (entry.deleted !== undefined) this.items.delete(entry.id);
			else this.items.set(entry.id, { name: entry.name, parent: (entry.parentReference as { id?: string } | undefined)?.id, cTag: entry.cTag });
		}
	}

	/** Only what still hangs on the root. */
	seen(rootId: string): string[] {
		const isReached = (id: unknown): boolean => id === rootId || (typeof id === 'string' && this.items.has(id) && isReached(this.items.get(id)!.parent));
		return [...this.items].filter(([id]) => isReached(id)).map(([id, { name, parent, cTag }]) => `${id} ${String(parent)} ${String(name)} ${String(cTag)}`).sort();
	}
}

function truth(drive: Drive): string[] {
	return drive.nodes.filter(({ state }) => state === 'living').map((node) => `${drive.idOf(node)} ${node.parent ? drive.idOf(node.parent) : 'undefined'} ${node.name} "c:{${drive.ids.guid(node.sequence)}},${node.isFolder ? 0 : node.ctag}"`).sort();
}

function change(drive: Drive, random: SeededRandom, serial: number): void {
	const living = drive.nodes.filter(({ state, parent }) => state === 'living' && parent);
	const folders = [drive.root, ...living.filter(({ isFolder }) => isFolder)];
	const files = living.filter(({ isFolder }) => !isFolder);
	const folder = random.pick(folders);
	const one = living.length ? random.pick(living) : undefined;
	const free = (name: string, at: DriveNode): boolean => at.child(name) === undefined;
	switch (random.below(9)) {
		case 0:
			drive.addFolder(folder, `folder ${serial}`);
			return;
		case 1:
		case 2:
			drive.addFile(folder, `file ${serial}.txt`, `content ${serial}`);
			return;
		case 3:
			if (files.length) drive.edit(random.pick(files), `edited ${serial}`);
			return;
		case 4:
			if (one && free(`renamed ${serial}`, one.parent!)) drive.rename(one, `renamed ${serial}`);
			return;
		case 5:
			if (one && !folder.isWithin(one) && (folder === one.parent || free(one.name, folder))) drive.move(one, folder);
			return;
		case 6:
			if (one && random.chance(0.5)) drive.delete(one);
			return;
		case 7:
			if (drive.bin.size) drive.restore(random.pick([...drive.bin]));
			return;
		default:
			if (one && !folder.isWithin(one)) drive.copy(one, folder, `copy ${serial}`);
	}
}

describe('random changes to a drive', () => {
	const variants: Partial<Switches>[] = [
		{},
		{ driveDeletedDescendants: 'folderOnly', deltaReplays: true },
		{ deltaEmptyPages: 'always', driveDeltaRoot: 'changedOnly', driveDeltaReportsParents: true },
		{ deltaReplays: true, deltaEmptyPages: 'end', driveDeletedEntries: 'bare' },
	];
	it.each(variants.map((switches, n) => [n, switches] as const))('are all in its delta, whatever the service is like (%i)', async (n, switches) => {
		simulator = await startSimulator({ http: true, users: 0, switches: { ...switches, throttling: false } });
		const graph = new GraphCaller(simulator);
		const drive = simulator.tenant.addUser({ displayName: 'Anna Berg' }).drive!;
		const random = new SeededRandom(n, 15);
		let serial = 0;
		for (; serial < 40; serial++) change(drive, random, serial);
		const mirror = new Mirror();
		let url = `/drives/${drive.id}/root/delta?$top=7`;
		for (let round = 0; round < 12; round++) {
			for (;;) {
				const { json, status } = await graph.get(url);
				expect(status).toBe(200);
				mirror.apply(json.value);
				const next = json['@odata.nextLink'];
				url = next ?? json['@odata.deltaLink']!;
				if (next === undefined) break;
				if (random.chance(0.5)) change(drive, random, ++serial);
			}
			expect(mirror.seen(drive.idOf(drive.root))).toEqual(truth(drive));
			for (let more = random.below(15); more > 0; more--) change(drive, random, ++serial);
		}
		expect(simulator.misses).toEqual([]);
	});
});
