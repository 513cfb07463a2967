import type { Resource } from '../operation';
import { backUp } from './back-up.operation';
import { getMany } from './get-many.operation';

export const site: Resource = {
	value: 'site',
	name: 'Site',
	description: 'A SharePoint site: its libraries, lists and pages',
	operations: [backUp, getMany],
};
