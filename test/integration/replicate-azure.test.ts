import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { azurePlaceOf, openAzureStore } from '../../nodes/M365Backup/stores/azure/azure-repository-store';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import type { Store } from '../../nodes/M365Backup/stores/store';
import { AzuriteServer } from '../azure-server/azurite-server';
import { createDatedFolderStore } from '../support/dated-folder-store';
import { MODES, ReplicaWorld } from '../unit/replicate/replica-world';

describe('replicas in Azure Blob containers', () => {
	let base: string;
	let server: AzuriteServer;
	let count = 0;

	beforeAll(async () => {
		base = await mkdtemp(join(tmpdir(), 'm365-replicate-azure-'));
		server = await AzuriteServer.start();
		await server.client.createContainer('replicas');
	});
	afterAll(async () => {
		await server?.stop();
		await rm(base, { recursive: true, force: true });
	});

	const azure = (folder: string): Store => openAzureStore(server.settings, azurePlaceOf('replicas', folder), { ambient: realAmbient, isOverwritten: (key) => /\/cursor\.json(\.age)?$/.test(key) });

	it.each(MODES)('folder → Azure → Azure → folder, day after day: %s', async (mode) => {
		const world = await ReplicaWorld.make(mode);
		world.from = createDatedFolderStore(join(base, `f${count++}`), world.ambient);
		const [first, second] = [azure(`r${count++}`), azure(`r${count++}`)];
		const back = createFolderStore({ root: join(base, `f${count++}`) });
		for (let day = 0; day < 2; day++) {
			await world.days(2);
			for (const [from, to] of [[world.from, first], [first, second], [second, back]] as const) {
				expect(await world.replicate({ from, to })).toMatchObject({ status: 'complete', damaged: [] });
				expect(await world.files(to)).toEqual(await world.files(world.from));
			}
		}
		expect(await world.everything(back)).toEqual(await world.everything(world.from));
		for (const place of [first, second, back]) expect(await world.damage(place)).toEqual([]);
		expect(await world.replicate({ to: first })).toMatchObject({ status: 'unchanged' });
		await expect(world.replicate({ from: first, to: azure(`r${count - 3}`) })).rejects.toMatchObject({ kind: 'invalid', code: 'samePlace' });
	});
});
