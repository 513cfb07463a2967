import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { NodeHelpers, type IDisplayOptions, type INodeParameters, type INodeProperties, type INodePropertyOptions } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';
import { M365Backup } from '../../../nodes/M365Backup/M365Backup.node';

const node = new M365Backup();
const { description } = node;
const operations = description.properties
	.filter(({ name }) => name === 'operation')
	.flatMap((property) =>
		(property.options as INodePropertyOptions[]).map(({ name, value }) => ({
			resource: property.displayOptions?.show?.['resource']?.[0] as string,
			operation: String(value),
			name,
		})),
	);

/** One line a parameter: what workflows depend on. A change here is a change for every user. */
function outline(properties: readonly INodeProperties[], indent = ''): string[] {
	return properties.flatMap(({ name, displayName, type, default: fallback, displayOptions, options, required }) => {
		const line = `${indent}${name} "${displayName}" ${type}${required ? ' required' : ''} = ${JSON.stringify(fallback)}${shown(displayOptions)}`;
		const inner = (options ?? []).flatMap((option) => {
			if ('type' in option) return outline([option], `${indent}  `);
			return 'value' in option ? [`${indent}  - ${String(option.value)} "${option.name}"`] : [];
		});
		return [line, ...inner];
	});
}

function shown(displayOptions: IDisplayOptions | undefined): string {
	return displayOptions?.show ? ` if ${JSON.stringify(displayOptions.show)}` : '';
}

function defaultsOf(parameters: INodeParameters): INodeParameters {
	return NodeHelpers.getNodeParameters(description.properties, parameters, true, false, null, description) ?? {};
}

describe('the node as n8n sees it', () => {
	it('has the parameters that workflows depend on', () => {
		expect(outline(description.properties).join('\n')).toMatchSnapshot();
	});

	it('has all operations of this version', () => {
		expect(operations.map(({ resource, name }) => `${resource}: ${name}`).sort()).toEqual([
			'drive: Back Up',
			'drive: Get Many',
			'item: Export',
			'item: Get Many',
			'item: Restore',
			'item: Restore Drill',
			'mailbox: Back Up',
			'mailbox: Get Many',
			'repository: Check',
			'repository: Confirm Copied',
			'repository: Get Files to Copy',
			'repository: Get Files to Delete',
			'repository: Import Files',
			'repository: Rebuild Catalog',
			'repository: Replicate',
			'repository: Verify',
			'site: Back Up',
			'site: Get Many',
			'snapshot: Get Many',
			'snapshot: Hold',
			'snapshot: Prune',
			'snapshot: Release',
		]);
	});

	it('asks for the Microsoft credential only where Microsoft is spoken to', () => {
		const [credential] = description.credentials!;
		const asking = operations.filter(({ resource, operation }) =>
			NodeHelpers.displayParameter(defaultsOf({ resource, operation }), credential!, null, description),
		);
		expect(asking.map(({ resource, operation }) => `${resource}/${operation}`).sort()).toEqual(['drive/backUp', 'drive/getMany', 'item/restore', 'item/restoreDrill', 'mailbox/backUp', 'mailbox/getMany', 'repository/check', 'site/backUp', 'site/getMany']);
	});

	it('asks for it in Prune only where it has to find out whether sources still exist', () => {
		const [credential] = description.credentials!;
		const asks = (fields: INodeParameters): boolean => NodeHelpers.displayParameter(defaultsOf(fields), credential!, null, description);
		for (const operation of ['getMany', 'hold', 'prune', 'release']) expect(asks({ resource: 'snapshot', operation }), operation).toBe(false);
		expect(asks({ resource: 'snapshot', operation: 'prune', removeGone: true })).toBe(true);
		expect(asks({ resource: 'snapshot', operation: 'hold', removeGone: false })).toBe(false);
	});

	it('asks for it in Check unless only the storage is to be checked', () => {
		const [credential] = description.credentials!;
		const asks = (fields: INodeParameters): boolean => NodeHelpers.displayParameter(defaultsOf(fields), credential!, null, description);
		expect(asks({ resource: 'repository', operation: 'check' })).toBe(true);
		expect(asks({ resource: 'repository', operation: 'check', checkMicrosoft: false })).toBe(false);
		expect(asks({ resource: 'repository' })).toBe(false);
	});

	it('shows Resource and Operation: no parameter is one that the editor takes for the choice of an authentication', () => {
		// n8n's editor hides a parameter, and what depends on it, if the credentials' `show` names each of its options.
		const named = new Map<string, Set<unknown>>();
		for (const { displayOptions } of description.credentials ?? []) {
			for (const [name, values] of Object.entries(displayOptions?.show ?? {})) named.set(name, new Set([...(named.get(name) ?? []), ...(values ?? [])]));
		}
		const hidden = description.properties.filter(({ name, options = [] }) => options.length > 0 && options.every((option) => 'value' in option && named.get(name)?.has(option.value)));
		expect(named.size).toBeGreaterThan(0);
		expect(hidden.map(({ displayName }) => displayName)).toEqual([]);
	});

	it('previews unless told otherwise, asks where the repository is, and skips what is there', () => {
		expect(defaultsOf({ resource: 'item', operation: 'restore' })).toMatchObject({
			mode: 'preview',
			repositoryFolder: '~/.n8n-files/m365-backup',
			snapshot: { mode: 'list', value: 'latest' },
			conflictPolicy: 'skip',
			destination: 'original',
		});
		expect(defaultsOf({})).toMatchObject({ resource: 'mailbox', operation: 'backUp', outputFilesToCopy: false, options: {} });
	});

	it('has a second output only where Back Up puts out files', () => {
		const expression = (description.outputs as string).slice(3, -2);
		// Through JSON: objects of another context have another prototype.
		const outputsFor = ($parameter: object): unknown => JSON.parse(JSON.stringify(runInNewContext(expression, { $parameter })));
		expect(outputsFor({ resource: 'mailbox', operation: 'backUp', outputFilesToCopy: false })).toEqual(['main']);
		expect(outputsFor({ resource: 'item', operation: 'search', outputFilesToCopy: true })).toEqual(['main']);
		expect(outputsFor({ resource: 'mailbox', operation: 'backUp', outputFilesToCopy: true })).toEqual([
			{ type: 'main', displayName: 'Summary' },
			{ type: 'main', displayName: 'Files' },
		]);
	});

	it('finds behind every picker and test the function that it names', () => {
		const methodsNamed = [...JSON.stringify(description.properties).matchAll(/"searchListMethod":"(\w+)"/g)].map(([, name]) => name);
		expect([...new Set(methodsNamed)].sort()).toEqual(Object.keys(node.methods.listSearch).sort());
		expect(node.methods.credentialTest).toHaveProperty(description.credentials![0]!.testedBy as string);
	});

	it('can be a tool, has an icon for light and dark, and a codex file under its own name', () => {
		expect(description.usableAsTool).toBe(true);
		const room = path.resolve(__dirname, '../../../nodes/M365Backup');
		for (const icon of Object.values(description.icon as Record<string, string>)) {
			expect(readFileSync(path.join(room, icon.replace('file:', '')), 'utf8')).toContain('<svg');
		}
		const codex = JSON.parse(readFileSync(path.join(room, 'M365Backup.node.json'), 'utf8')) as { node: string };
		expect(codex.node).toBe('n8n-nodes-m365-backup.m365Backup');
	});
});
