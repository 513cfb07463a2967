import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { findLibraries, findUserDrives, type DriveInfo } from '../../pickers/drive';
import { failedItem, toNodeError } from '../errors';
import { limitOf } from '../limit';

/** Drive: Get Many for one input item. A OneDrive that cannot be read never hides the others. */
export async function driveItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const limit = limitOf.call(this, itemIndex);
	const startsWith = (this.getNodeParameter('filters.startsWith', itemIndex, '') as string).trim();
	const of = this.getNodeParameter('drivesOf', itemIndex, 'users') as string;
	switch (of) {
		case 'users':
			return await ofUsers.call(this, itemIndex, startsWith, limit);
		case 'site': {
			const wanted = startsWith.toLocaleLowerCase();
			const libraries = await findLibraries.call(this, 'driveSite', itemIndex);
			return libraries
				.filter(({ title }) => title.toLocaleLowerCase().startsWith(wanted))
				.slice(0, limit)
				.map((drive) => itemOf(drive, {}, itemIndex));
		}
		default:
			throw new Failure('invalid', `There are no drives of "${of}"`, { nextStep: 'Choose Drives Of anew.' });
	}
}

async function ofUsers(this: IExecuteFunctions, itemIndex: number, startsWith: string, limit = Infinity): Promise<INodeExecutionData[]> {
	const output: INodeExecutionData[] = [];
	const failed: INodeExecutionData[] = [];
	let first: { error: Failure; name: string } | undefined;
	for await (const found of findUserDrives.call(this, itemIndex, startsWith)) {
		const { user } = found;
		if ('failure' in found) {
			first ??= { error: found.failure, name: user.userPrincipalName };
			failed.push(failedItem(found.failure, itemIndex, { name: user.userPrincipalName, details: { user: { ...user } } }));
			continue;
		}
		output.push(itemOf(found.drive, { displayName: user.displayName, userId: user.id }, itemIndex));
		if (output.length >= limit) break;
	}
	if (first === undefined) return output;
	if (!this.continueOnFail()) throw toNodeError.call(this, first.error, itemIndex, first.name);
	return [...output, ...failed];
}

function itemOf({ id, name, title, owner, driveType, webUrl }: DriveInfo, more: IDataObject, itemIndex: number): INodeExecutionData {
	return { json: { id, name, owner, title, driveType, webUrl, ...more }, pairedItem: { item: itemIndex } };
}
