import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { SITE_PARTS, type SitePartName } from '../../engine/site';
import { namedSite, siteField } from '../../pickers/site';
import type { BackUpKind } from '../back-up/back-up-kind';
import { backUpOperation } from '../back-up/back-up-operation';
import { backUpOption } from '../back-up/back-up-options';
import { fileChoices, fileOptions, type FileChoices } from '../back-up/file-options';
import { choicesAmong } from '../choices-among';
import { siteParts } from '../site-parts';
import { useCases } from '../use-cases';

/** What of a site to back up. */
interface SiteChoices extends FileChoices {
	content: SitePartName[];
	subsites: boolean;
}

const siteOptions: INodeProperties[] = [
	{
		displayName: 'Content',
		name: 'content',
		type: 'multiOptions',
		options: siteParts,
		default: ['libraries', 'lists', 'pages', 'site'],
		description: 'What of the site to back up; everything if this option is not added',
	},
	{
		displayName: 'Subsites',
		name: 'subsites',
		type: 'boolean',
		default: false,
		description: 'Whether to back up also the sites below this one, with everything in them',
	},
];

function choices(this: IExecuteFunctions, itemIndex: number): SiteChoices {
	const content = choicesAmong(siteParts, backUpOption.call(this, 'content', itemIndex, [...SITE_PARTS]));
	if (content.length === 0) {
		throw new Failure('invalid', 'No content was chosen to back up', { nextStep: 'Choose something in the option Content, or remove the option.' });
	}
	return { ...fileChoices.call(this, itemIndex), content, subsites: backUpOption.call(this, 'subsites', itemIndex, false) as boolean };
}

const kind: BackUpKind<SiteChoices> = {
	workload: 'site',
	action: 'Back up site',
	description: 'Store what is new or has changed in the libraries, lists and pages of a SharePoint site since its last backup',
	sourceFields: [siteField({ name: 'site', displayName: 'Site', description: 'The site to back up. Each input item backs up one site.' })],
	options: [...siteOptions, ...fileOptions({ examples: 'Documents/Old/**, **/*.mp4', from: 'the site, beginning with the name of the library' })],
	choices,
	named(this: IExecuteFunctions, itemIndex: number) {
		return namedSite.call(this, 'site', itemIndex);
	},
	workloadOf: ({ graph, sourceId, choices: chosen }) => useCases.siteWorkload({ graph, siteId: sourceId, ambient: realAmbient, ...chosen }),
};

export const backUp = backUpOperation(kind);
