import { NodeOperationError, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { findOperation } from './resources';

/** Runs the operation that the parameters name: the node's whole `execute`. */
export async function run(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const resource = this.getNodeParameter('resource', 0);
	const name = this.getNodeParameter('operation', 0);
	const operation = findOperation(resource, name);
	if (!operation) {
		throw new NodeOperationError(this.getNode(), `There is no operation "${name}" for the resource "${resource}"`, {
			description: 'Choose Resource and Operation anew.',
		});
	}
	return operation.execute.call(this);
}
