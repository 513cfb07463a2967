import type { INodePropertyOptions } from 'n8n-workflow';
import type { SitePartName } from '../engine/site';

/** What a site consists of, as lists show it. */
export const siteParts: (INodePropertyOptions & { value: SitePartName })[] = [
	{ name: 'Libraries', value: 'libraries', description: 'All document libraries with their files, folders and columns' },
	{ name: 'Lists', value: 'lists', description: 'All lists with their columns, content types and items' },
	{ name: 'Pages', value: 'pages', description: 'Modern pages and news posts' },
	{ name: 'Site', value: 'site', description: 'What the site itself is called, its columns and content types, and the apps that it is shared with' },
];
