import type { FidelityRow } from '../../mailbox/restore/fidelity';

/** A list item, file or page that is still in its place. */
export const SITE_ITEM_IN_PLACE = 'List items and pages that are still in their place stay as they are or, with Replace, are set back to what the backup holds: their ids, authors and versions stay.';

/** A list item that had to be made anew: Microsoft Graph cannot bring it out of the recycle bin. */
export const REBUILT_LIST_ITEM: readonly FidelityRow[] = [
	{ property: 'List', result: 'equal', how: 'Lists that are gone are made anew, with their columns and content types (permission Sites.Manage.All).', graph: [] },
	{ property: 'Text, numbers, currency, dates, yes/no, choices', result: 'equal', how: '', graph: ['text', 'number', 'currency', 'dateTime', 'boolean', 'choice'] },
	{ property: 'Rich text', result: 'close', how: 'SharePoint cleans it and may put it into a frame of its own.', graph: ['richText'] },
	{ property: 'People and groups', result: 'close', how: 'In another site by login or address; people whom that site does not know yet are left out and named.', graph: ['personOrGroup'] },
	{ property: 'Lookups', result: 'close', how: 'To the items as they are restored; to items that are not there they are left out and named.', graph: ['lookup'] },
	{ property: 'Managed metadata', result: 'equal', how: 'Within the same term store.', graph: ['term'] },
	{ property: 'Links, pictures, locations', result: 'close', how: 'Where Microsoft Graph takes them; otherwise a list that is made anew has them as text, and an existing list leaves them out. The result says so.', graph: ['hyperlinkOrPicture', 'geolocation', 'thumbnail'] },
	{ property: 'Calculated columns', result: 'equal', how: 'By their formula.', graph: ['calculated'] },
	{ property: 'Content type', result: 'equal', how: 'Where the site has it.', graph: ['contentType'] },
	{ property: 'Folders within lists', result: 'never', how: 'Their items come back to the top of the list; the result names the folder.', graph: [] },
	{ property: 'Id, author, editor, created and modified times, versions', result: 'never', how: 'Microsoft Graph gives a new item its own.', graph: ['id', 'createdBy', 'createdDateTime', 'lastModifiedBy', 'lastModifiedDateTime'] },
	{ property: 'Attached files, comments, views, permissions of single items', result: 'never', how: 'Microsoft Graph does not show them.', graph: [] },
];

/** A modern page that had to be made anew. */
export const REBUILT_PAGE: readonly FidelityRow[] = [
	{ property: 'Name, title, description', result: 'equal', how: '', graph: ['name', 'title', 'description'] },
	{ property: 'Sections, texts and Microsoft\'s own web parts', result: 'equal', how: 'Those that Microsoft Graph can make.', graph: ['canvasLayout', 'pageLayout'] },
	{ property: 'Web parts of others', result: 'never', how: 'Microsoft Graph cannot make them; the result names them.', graph: ['foreignWebParts'] },
	{ property: 'Title area, comments, recommended pages, page or news', result: 'equal', how: '', graph: ['titleArea', 'showComments', 'showRecommendedPages', 'promotionKind', 'thumbnailWebUrl'] },
	{ property: 'Draft or published', result: 'equal', how: 'A page that was published is published again. One with changes that were not public yet comes back as a draft, and the result says so.', graph: ['publishingState'] },
	{ property: 'Id, author, editor, times, versions, likes and comments', result: 'never', how: 'Microsoft Graph gives a new page its own.', graph: ['id', 'createdBy', 'createdDateTime', 'lastModifiedBy', 'lastModifiedDateTime', 'reactions'] },
];

/** What a result says about something that did not come back as it was. */
export const SITE_NOTES = {
	newId: (id: string, created: string): string => `It was item ${id}${created} and has a new number: Microsoft Graph can set neither numbers nor authors and times.`,
	attachments: 'It had attached files. Microsoft Graph does not show attachments of list items: they are not in the backup.',
	inFolder: (folder: string): string => `It was in the folder ${folder} of the list and is at its top now: Microsoft Graph cannot put items into folders of lists.`,
	personUnknown: (column: string, person: string): string => `${column}: the site does not know ${person} yet, who was left out. Restore again with Replace once that person has opened the site.`,
	lookupLost: (column: string, id: string): string => `${column}: the item ${id} that it points to is not there and was left out. Restore both lists together, with Replace.`,
	refused: (column: string): string => `${column}: Microsoft Graph did not take its value.`,
	noColumn: (columns: readonly string[]): string => `The list has no column ${columns.join(', ')}: restore with Replace to have ${columns.length === 1 ? 'it' : 'them'} added.`,
	noContentType: (name: string): string => `The list has no content type ${name}: it is back with the list's default one.`,
	columnLost: (column: string, why: string): string => `The column ${column} could not be made: ${why}.`,
	columnAsText: (column: string): string => `The column ${column} is a text column now: Microsoft Graph cannot write values of its type.`,
	mayBeText: (columns: readonly string[]): string => `If Microsoft Graph does not take values of ${columns.join(', ')}, ${columns.length === 1 ? 'it becomes a text column' : 'they become text columns'}.`,
	contentTypeLost: (name: string): string => `The site has no content type ${name}: the list was made without it.`,
	templateLost: (template: string): string => `Microsoft Graph makes no lists of its kind (${template}): it is a plain list now.`,
	viewsLost: 'Views, forms, permissions and settings of a list that was made anew are SharePoint\'s defaults: Microsoft Graph does not show them.',
} as const;
