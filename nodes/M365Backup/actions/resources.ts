import type { INodeProperties } from 'n8n-workflow';
import { drive } from './drive';
import { item } from './item';
import { mailbox } from './mailbox';
import { describeResource, type Operation } from './operation';
import { repository } from './repositories';
import { site } from './site';
import { snapshot } from './snapshot';

/** Everything the node can do. A new operation is added to its resource's list, a new resource here. */
const resources = [drive, item, mailbox, repository, site, snapshot] as const;

export const properties: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: resources.map(({ name, value, description }) => ({ name, value, description })),
		default: 'mailbox',
	},
	...resources.flatMap(describeResource),
];

/** The operation that the node's `resource` and `operation` parameters name, if there is one. */
export function findOperation(resource: string, operation: string): Operation | undefined {
	return resources.find(({ value }) => value === resource)?.operations.find(({ value }) => value === operation);
}
