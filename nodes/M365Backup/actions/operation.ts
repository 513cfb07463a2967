import { updateDisplayOptions, type IExecuteFunctions, type INodeExecutionData, type INodeProperties } from 'n8n-workflow';

/** One operation of the node. `execute` handles all input items and returns the items of each output. */
export interface Operation {
	value: string;
	/** Title Case, as the Operation list shows it. */
	name: string;
	/** Sentence case without articles, as the node panel shows it. */
	action: string;
	description: string;
	/** Its parameters, without the display options for resource and operation, which `describeResource` adds. */
	properties: INodeProperties[];
	execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]>;
}

export interface Resource {
	value: string;
	name: string;
	description: string;
	/** The first one is the default. */
	operations: readonly Operation[];
}

/** The Operation list of a resource and the parameters of all its operations. */
export function describeResource(resource: Resource): INodeProperties[] {
	return [
		// eslint-disable-next-line n8n-nodes-base/node-param-default-missing -- there is one, but computed, which the rule cannot see
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show: { resource: [resource.value] } },
			options: resource.operations.map(({ name, value, action, description }) => ({ name, value, action, description })),
			default: resource.operations[0]?.value ?? '',
		},
		...resource.operations.flatMap((operation) =>
			updateDisplayOptions({ show: { resource: [resource.value], operation: [operation.value] } }, operation.properties),
		),
	];
}
