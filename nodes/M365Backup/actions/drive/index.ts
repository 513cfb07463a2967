import type { Resource } from '../operation';
import { backUp } from './back-up.operation';
import { getMany } from './get-many.operation';

export const drive: Resource = {
	value: 'drive',
	name: 'Drive',
	description: 'The files of a OneDrive or of one document library of SharePoint',
	operations: [backUp, getMany],
};
