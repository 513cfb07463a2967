import type { ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { graphForPicker } from '../connect/graph';
import { listLibraries } from '../graph/drives';
import { findSite } from '../graph/sites';
import { fieldUse, matching, picked, type FieldUse } from './field';

/** A document library of the site that the field `siteField` names. */
export function libraryField(use: FieldUse & { searchListMethod: 'searchLibraries' | 'searchTargetLibraries' }): INodeProperties {
	return {
		...fieldUse({ required: true, ...use }),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a library…',
				typeOptions: { searchListMethod: use.searchListMethod, searchable: true },
			},
			{
				displayName: 'By Name',
				name: 'name',
				type: 'string',
				placeholder: 'e.g. Documents',
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFNhsME…',
			},
		],
	};
}

/** The list behind the field: libraries of the site beside it; none before a site is chosen. */
export function searchLibrariesOf(siteParameter: string) {
	return async function (this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
		const { value } = picked(this.getCurrentNodeParameter(siteParameter));
		if (value === '') return { results: [] };
		const graph = await graphForPicker.call(this);
		const libraries = await listLibraries(graph, await findSite(graph, value));
		return { results: matching(libraries, filter, ({ title }) => title).map(({ id, title, webUrl }) => ({ name: title, value: id, url: webUrl })) };
	};
}
