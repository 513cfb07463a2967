import type { Tenant } from './tenant';

/** Names of the facets by which a columnDefinition says its type. */
export const COLUMN_FACETS = ['boolean', 'calculated', 'choice', 'currency', 'dateTime', 'geolocation', 'hyperlinkOrPicture', 'lookup', 'number', 'personOrGroup', 'term', 'text', 'thumbnail', 'contentApprovalStatus'] as const;
export type ColumnFacet = (typeof COLUMN_FACETS)[number];

/** How values of a column are kept and told. */
export type ColumnKind = 'text' | 'note' | 'number' | 'dateTime' | 'boolean' | 'choice' | 'multiChoice' | 'person' | 'multiPerson' | 'lookup' | 'multiLookup' | 'link' | 'calculated' | 'geolocation' | 'term' | 'multiTerm' | 'thumbnail' | 'system';

export interface Column {
	id: string;
	/** Internal name, as fields spell it. */
	name: string;
	displayName: string;
	description: string;
	columnGroup: string;
	required: boolean;
	readOnly: boolean;
	hidden: boolean;
	indexed: boolean;
	enforceUniqueValues: boolean;
	isDeletable: boolean;
	isSealed: boolean;
	/** None: a column of the service that Graph shows without a type. */
	facet: ColumnFacet | null;
	/** What stands in the facet, with what the service adds. */
	settings: Record<string, unknown>;
	defaultValue: Record<string, unknown> | null;
	validation: Record<string, unknown> | null;
	/** Of a managed-metadata column: the hidden text column behind it, by name. */
	textColumn?: string;
}

/** As Graph takes it: `{ name, text: {} }` and the rest optional. */
export type NewColumn = Record<string, unknown> & { name?: string; displayName?: string };

const DEFAULTS: Partial<Record<ColumnFacet, Record<string, unknown>>> = {
	text: { allowMultipleLines: false, appendChangesToExistingText: false, linesForEditing: 0, maxLength: 255 },
	number: { decimalPlaces: 'automatic', displayAs: 'number' },
	currency: { locale: 'en-us' },
	dateTime: { displayAs: 'default', format: 'dateOnly' },
	choice: { allowTextEntry: false, choices: [], displayAs: 'dropDownMenu' },
	personOrGroup: { allowMultipleSelection: false, chooseFromType: 'peopleAndGroups', displayAs: 'nameWithPresence' },
	lookup: { allowMultipleValues: false, allowUnlimitedLength: false, columnName: 'Title' },
	hyperlinkOrPicture: { isPicture: false },
	calculated: { format: 'dateOnly', outputType: 'text' },
	term: { allowMultipleValues: false, showFullyQualifiedName: false },
};

/** A column as the service keeps it. The facet decides; without one it is plain text. */
export function newColumn(tenant: Tenant, key: string, given: NewColumn): Column {
	const facet = COLUMN_FACETS.find((one) => typeof given[one] === 'object' && given[one] !== null) ?? 'text';
	const displayName = text(given.displayName) ?? text(given.name) ?? 'Column';
	const settings = { ...DEFAULTS[facet], ...(given[facet] as Record<string, unknown> | undefined) };
	if (facet === 'text' && settings.allowMultipleLines === true) {
		delete settings.maxLength;
		settings.textType ??= 'plain';
		settings.linesForEditing ||= 6;
	}
	return {
		id: tenant.guid(`${key}/column/${text(given.name) ?? displayName}`),
		name: internalName(text(given.name) ?? displayName),
		displayName,
		description: text(given.description) ?? '',
		columnGroup: text(given.columnGroup) ?? 'Custom Columns',
		required: given.required === true,
		readOnly: facet === 'calculated' || given.readOnly === true,
		hidden: given.hidden === true,
		indexed: given.indexed === true || given.enforceUniqueValues === true,
		enforceUniqueValues: given.enforceUniqueValues === true,
		isDeletable: true,
		isSealed: false,
		facet,
		settings,
		defaultValue: (given.defaultValue as Record<string, unknown> | null | undefined) ?? null,
		validation: (given.validation as Record<string, unknown> | null | undefined) ?? null,
	};
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}

/** SharePoint's internal names: at most 32 characters, others than letters, digits and `_` as `_xHHHH_`. */
export function internalName(name: string): string {
	return name.replace(/[^A-Za-z0-9_]/g, (char) => `_x${char.charCodeAt(0).toString(16).padStart(4, '0')}_`).slice(0, 32);
}

export function kindOf(column: Column): ColumnKind {
	const { settings } = column;
	switch (column.facet) {
		case 'text':
			return settings.allowMultipleLines === true ? 'note' : 'text';
		case 'number':
		case 'currency':
			return 'number';
		case 'dateTime':
		case 'boolean':
		case 'calculated':
		case 'geolocation':
		case 'thumbnail':
			return column.facet;
		case 'choice':
			return settings.displayAs === 'checkBoxes' ? 'multiChoice' : 'choice';
		case 'personOrGroup':
			return settings.allowMultipleSelection === true ? 'multiPerson' : 'person';
		case 'lookup':
			return settings.allowMultipleValues === true ? 'multiLookup' : 'lookup';
		case 'hyperlinkOrPicture':
			return 'link';
		case 'term':
			return settings.allowMultipleValues === true ? 'multiTerm' : 'term';
		default:
			return 'system';
	}
}

/** columnDefinition. */
export function columnJson(column: Column): Record<string, unknown> {
	const { columnGroup, description, displayName, enforceUniqueValues, hidden, id, indexed, name, readOnly, required, isDeletable, isSealed } = column;
	return {
		columnGroup, description, displayName, enforceUniqueValues, hidden, id, indexed, isDeletable, isReorderable: !hidden, isSealed, name, readOnly, required,
		...(column.facet ? { [column.facet]: column.settings } : {}),
		...(column.defaultValue ? { defaultValue: column.defaultValue } : {}),
		...(column.validation ? { validation: column.validation } : {}),
	};
}

type Built = [name: string, displayName: string, facet: ColumnFacet | null, options?: Partial<Column>];

const SYSTEM: readonly Built[] = [
	['ContentType', 'Content Type', null],
	['Title', 'Title', 'text', { required: true, readOnly: false }],
	['Attachments', 'Attachments', null, { readOnly: false }],
	['_ColorTag', 'Color Tag', 'text', { readOnly: false }],
	['ComplianceAssetId', 'Compliance Asset Id', 'text'],
	['ID', 'ID', 'number', { indexed: true }],
	['Modified', 'Modified', 'dateTime'],
	['Created', 'Created', 'dateTime'],
	['Author', 'Created By', 'personOrGroup'],
	['Editor', 'Modified By', 'personOrGroup'],
	['_UIVersionString', 'Version', 'text'],
	['Edit', 'Edit', null],
	['LinkTitleNoMenu', 'Title', null],
	['LinkTitle', 'Title', null],
	['ItemChildCount', 'Item Child Count', 'lookup'],
	['FolderChildCount', 'Folder Child Count', 'lookup'],
	['_ComplianceFlags', 'Label setting', 'lookup'],
	['AppAuthor', 'App Created By', 'lookup'],
	['AppEditor', 'App Modified By', 'lookup'],
];

const LIBRARY: readonly Built[] = [
	['FileLeafRef', 'Name', null, { required: true, readOnly: false, indexed: true }],
	['DocIcon', 'Type', null],
	['LinkFilename', 'Name', null],
	['LinkFilenameNoMenu', 'Name', null],
	['FileSizeDisplay', 'File Size', null],
	['CheckoutUser', 'Checked Out To', 'personOrGroup'],
	['_CheckinComment', 'Check In Comment', 'text'],
];

/** What every list has, and libraries beyond that. Read-only unless a user may set it. */
export function builtInColumns(tenant: Tenant, isLibrary: boolean): Column[] {
	return [...SYSTEM, ...(isLibrary ? LIBRARY : [])]
		.filter(([name]) => !(isLibrary && name === 'Attachments'))
		.map(([name, displayName, facet, options]) => ({
			...newColumn(tenant, 'built-in', { name, displayName, columnGroup: name.startsWith('_') ? '_Hidden' : 'Core Columns', ...(facet ? { [facet]: {} } : {}) }),
			facet,
			settings: facet ? { ...DEFAULTS[facet] } : {},
			readOnly: true,
			isDeletable: false,
			isSealed: name !== 'Title',
			...options,
			...(isLibrary && name === 'Title' ? { required: false } : {}),
		}));
}
