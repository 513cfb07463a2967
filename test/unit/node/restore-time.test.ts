import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';
import { sayTime } from '../../../nodes/M365Backup/actions/item/restore-time';
import type { ConnectedGraph } from '../../../nodes/M365Backup/connect/graph';
import type { RestoreProgress } from '../../../nodes/M365Backup/engine/restore';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { VirtualAmbient } from '../graph/virtual-ambient';

const governor = new Governor(new VirtualAmbient());
const connected: Pick<ConnectedGraph, 'quotas'> = {
	quotas: (of) => governor.quotas(of === 'sharePoint' ? { kind: of, key: 'tenant' } : { kind: 'mailbox', key: `tenant ${of.mailbox}` }, 'restore'),
};

function preview(created: number, uploadBytes: number, graph = connected) {
	const hints: string[] = [];
	const output: INodeExecutionData[] = [{ json: { name: 'a' } }, { json: { name: 'b' } }];
	const node = { addExecutionHints: ({ message }: { message: string }) => hints.push(message) } as unknown as IExecuteFunctions;
	const planned: RestoreProgress = { results: 2, byOutcome: { created, movedBack: 0, skipped: 0, replaced: 0, folderCreated: 0, failed: 0 }, uploadBytes };
	sayTime.call(node, output, [planned, planned], { connected: graph as ConnectedGraph, workload: 'mailbox', target: { id: 'box' } });
	return { hints, output: output.map(({ json }) => json) };
}

describe("a restore's preview", () => {
	it('says how long the restore would take, all steps of it together, in a hint and with every result', () => {
		const { hints, output } = preview(2_400, 3e9);
		expect(hints).toEqual(["Restoring this (4,800 items) would take about 5 h at this tenant's quotas."]);
		expect(output).toEqual([{ name: 'a', wouldTake: 'about 5 h' }, { name: 'b', wouldTake: 'about 5 h' }]);
	});

	it('says nothing where nothing would be done, or no quotas are known', () => {
		for (const said of [preview(0, 0), preview(5, 5, {})]) {
			expect(said).toEqual({ hints: [], output: [{ name: 'a' }, { name: 'b' }] });
		}
	});
});
