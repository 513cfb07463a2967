import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { realpath } from 'node:fs/promises';
import type { IBinaryData, IDataObject, IExecuteFunctions, INode, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';

export type Parameters = Record<string, unknown> | ((itemIndex: number) => Record<string, unknown>);

export interface FakeExecutionOptions {
	parameters: Parameters;
	items?: INodeExecutionData[];
	continueOnFail?: boolean;
	mode?: 'manual' | 'trigger';
	isTool?: boolean;
	/** By type. */
	credentials?: Record<string, object>;
	signal?: AbortSignal;
	/** Paths that n8n would forbid. */
	isBlocked?: (path: string) => boolean;
	/** Nodes above, nearest first, with what `$('name').item` resolves to for each input item. */
	above?: { name: string; type?: string; parameters?: IDataObject; item?: (itemIndex: number) => IDataObject }[];
}

export interface FakeExecution {
	context: IExecuteFunctions;
	hints: NodeExecutionHint[];
	/** What was put out as binary, by file name. */
	files: Map<string, Buffer>;
}

export const nodeType = 'n8n-nodes-m365-backup.m365Backup';

/** n8n's execution context, as far as the operations use it: parameters, items, binary data, item pairing. */
export function fakeExecution(options: FakeExecutionOptions): FakeExecution {
	const items: INodeExecutionData[] = options.items ?? [{ json: {} }];
	const above = options.above ?? [];
	const hints: NodeExecutionHint[] = [];
	const files = new Map<string, Buffer>();
	const node = { name: 'M365 Backup', type: nodeType, typeVersion: 1, parameters: {}, id: '1', position: [0, 0] } as INode;
	const parametersOf = (itemIndex: number): Record<string, unknown> =>
		typeof options.parameters === 'function' ? options.parameters(itemIndex) : options.parameters;
	const context = {
		getNode: () => node,
		getInputData: () => items,
		continueOnFail: () => options.continueOnFail ?? false,
		getMode: () => options.mode ?? 'trigger',
		isToolExecution: () => options.isTool ?? false,
		getExecutionCancelSignal: () => options.signal,
		getCredentials: async (type: string) => {
			const credential = options.credentials?.[type];
			if (!credential) throw new Error(`Node does not have any credentials set for "${type}"`);
			return await Promise.resolve(credential);
		},
		getExecutionId: () => '4711',
		getInstanceId: () => 'instance',
		getTimezone: () => 'Europe/Berlin',
		addExecutionHints: (...more: NodeExecutionHint[]) => hints.push(...more),
		getNodeParameter: (name: string, itemIndex: number, fallback?: unknown) => {
			const value = at(parametersOf(itemIndex), name) ?? fallback;
			if (value === undefined) throw new Error(`Could not get parameter "${name}"`);
			return value;
		},
		getParentNodes: (_name: string, { depth = above.length }: { depth?: number } = {}) =>
			above.slice(0, depth).map(({ name, type, parameters }) => ({ name, type: type ?? nodeType, parameters, disabled: false })),
		getWorkflowDataProxy: (itemIndex: number) => ({
			$: (name: string) => ({
				get item() {
					const json = above.find((one) => one.name === name)?.item?.(itemIndex);
					if (!json) throw new Error('Paired item data is unavailable');
					return { json };
				},
			}),
		}),
		helpers: {
			resolvePath: (path: string) => realpath(path),
			isFilePathBlocked: (path: string) => options.isBlocked?.(path) ?? false,
			prepareBinaryData: async (content: Readable, fileName: string, mimeType: string): Promise<IBinaryData> => {
				files.set(fileName, await buffer(content));
				return { data: '', id: `filesystem:${fileName}`, fileName, mimeType };
			},
			assertBinaryData: (itemIndex: number, property: string): IBinaryData => {
				const binary = items[itemIndex]?.binary?.[property];
				if (!binary) throw new Error(`The item has no binary field "${property}"`);
				return binary;
			},
		},
	};
	return { context: context as unknown as IExecuteFunctions, hints, files };
}

/** `options.tag` of the parameters. */
function at(parameters: Record<string, unknown>, path: string): unknown {
	return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], parameters);
}
