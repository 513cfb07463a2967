import type { IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';
import { graphForPicker, type ConnectedGraph, type GraphClient } from '../connect/graph';
import { findSite, listSites, searchSites as searchGraph, type SiteInfo, type SitesWanted } from '../graph/sites';
import { fieldUse, picked, type FieldUse } from './field';

export { siteMatcher, type SiteInfo } from '../graph/sites';

/** A SharePoint site of the tenant. */
export function siteField(use: FieldUse): INodeProperties {
	return {
		...fieldUse({ required: true, ...use }),
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a site…',
				typeOptions: {
					searchListMethod: 'searchSites',
					searchable: true,
					slowLoadNotice: { message: 'If this takes long, choose By URL instead', timeout: 10_000 },
				},
			},
			{
				displayName: 'By URL',
				name: 'url',
				type: 'string',
				placeholder: 'e.g. https://contoso.sharepoint.com/sites/marketing',
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. contoso.sharepoint.com,5a58bb09-…,2d2e4c1a-…',
			},
		],
	};
}

/** The list behind the field: what SharePoint's own search finds, a page at a time. OneDrives are not among them. */
export async function searchSites(this: ILoadOptionsFunctions, filter?: string, paginationToken?: string): Promise<INodeListSearchResult> {
	const graph = await graphForPicker.call(this);
	const { sites, nextLink } = await searchGraph(graph, {
		search: filter ?? '',
		...(paginationToken === undefined ? {} : { nextLink: paginationToken }),
	});
	return {
		results: sites
			.filter(({ isPersonal }) => !isPersonal)
			.map(({ id, name, webUrl }) => ({ name: `${name} (${webUrl.replace(/^https:\/\//, '')})`, value: id, url: webUrl })),
		...(nextLink === undefined ? {} : { paginationToken: nextLink }),
	};
}

/** A site as the user named it; `find` asks Microsoft. */
export interface NamedSite {
	shown: string;
	find(graph: GraphClient): Promise<SiteInfo>;
}

/** What a parameter names. Failure invalid if it is empty: refused before anything is sent. */
export function namedSite(this: IExecuteFunctions, parameter: string, itemIndex: number, shownName = 'site'): NamedSite {
	const { value } = picked(this.getNodeParameter(parameter, itemIndex, ''));
	if (value === '') {
		throw new Failure('invalid', `No ${shownName} was chosen`, {
			nextStep: 'Choose a site from the list, or give its URL, e.g. https://contoso.sharepoint.com/sites/marketing.',
		});
	}
	return { shown: value, find: (graph) => findSite(graph, value) };
}

/** The sites of the tenant that are wanted, a page at a time. */
export function findSites({ graph }: ConnectedGraph, wanted: SitesWanted): AsyncIterable<SiteInfo[]> {
	return listSites(graph, wanted);
}
