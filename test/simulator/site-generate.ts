import type { NewColumn } from './list-column';
import { fillDrive } from './drive-generate';
import type { FieldValue, ListItem } from './list-item';
import type { SharePointList } from './list-store';
import type { Json } from './page-web-parts';
import { SeededRandom } from './seeded-random';
import type { Site } from './site-store';
import type { Tenant } from './tenant';
import { paragraphs, sentence } from './word-stock';

/** One column of every type; lookups need a list of their own and are added by who has one. */
export const EVERY_COLUMN: readonly NewColumn[] = [
	{ name: 'Note', text: { allowMultipleLines: true } },
	{ name: 'Rich', text: { allowMultipleLines: true, textType: 'richText' } },
	{ name: 'Amount', number: { decimalPlaces: 'two', minimum: 0 } },
	{ name: 'Price', currency: { locale: 'de-de' } },
	{ name: 'Due', dateTime: { format: 'dateOnly' } },
	{ name: 'At', dateTime: { format: 'dateTime' } },
	{ name: 'Done', boolean: {}, defaultValue: { value: '0' } },
	{ name: 'Status', choice: { choices: ['Open', 'Closed'], displayAs: 'dropDownMenu' } },
	{ name: 'Tags', choice: { choices: ['Red', 'Green', 'Blue'], displayAs: 'checkBoxes' } },
	{ name: 'Owner', personOrGroup: { chooseFromType: 'peopleOnly' } },
	{ name: 'Team', personOrGroup: { allowMultipleSelection: true } },
	{ name: 'Link', hyperlinkOrPicture: { isPicture: false } },
	{ name: 'Picture', hyperlinkOrPicture: { isPicture: true } },
	{ name: 'Double', calculated: { formula: '=[Amount]*2', outputType: 'number' } },
	{ name: 'Place', geolocation: {} },
	{ name: 'Topic', term: {} },
	{ name: 'Topics', term: { allowMultipleValues: true } },
	{ name: 'Image', thumbnail: {} },
];
const TERMS = [
	{ Label: 'Sales', TermGuid: '5b3b1c9e-1111-4a2b-8c3d-222222222222', WssId: 1 },
	{ Label: 'Marketing', TermGuid: '5b3b1c9e-1111-4a2b-8c3d-333333333333', WssId: 2 },
];

/** An item with a value in every column of `EVERY_COLUMN`. */
export function fillEveryColumn(list: SharePointList, options: { person: number; title?: string }): ListItem {
	return list.addItem({
		Title: options.title ?? 'Everything', Note: 'Line 1\nLine 2', Rich: '<div class="ExternalClass3F2504E04F8911D39A0C0305E82C3301"><b>bold</b></div>', Amount: 12.5, Price: 99.9,
		Due: '2026-12-24T00:00:00Z', At: '2026-12-24T10:30:00Z', Done: true, Status: 'Open', Tags: ['Red', 'Blue'], Owner: options.person, Team: [options.person],
		Link: { Description: 'Site', Url: 'https://contoso.example' }, Picture: { Description: 'Logo', Url: 'https://contoso.example/logo.png' }, Place: { Altitude: 0, Latitude: 52.52, Longitude: 13.4, Measure: 0 },
		Topic: TERMS[0]!, Topics: TERMS, Image: JSON.stringify({ type: 'thumbnail', fileName: 'a.png', serverRelativeUrl: '/sites/x/SiteAssets/a.png' }),
	});
}

const NAMES = ['Marketing', 'Größe & Maß', 'Projects', 'Human Resources', 'Finance', '日本'];
const TEXT_PART = '#microsoft.graph.textWebPart';
const STANDARD_PART = '#microsoft.graph.standardWebPart';
const IMAGE = 'd1d91016-032f-456d-98a4-721247c305e8';
/** Of a third party: Graph shows it and cannot make it. */
const FOREIGN = '11111111-2222-4333-8444-555555555555';

/** Sites with libraries, lists of every type of column, and pages; the same for the same seed. */
export function generateSites(tenant: Tenant, options: { sites: number; seed: number; files?: number; lists?: number; items?: number; pages?: number }): Site[] {
	return Array.from({ length: options.sites }, (_, n) => {
		const displayName = NAMES[n] ?? `Site ${n + 1}`;
		const owner = tenant.users[n % Math.max(1, tenant.users.length)];
		const site = tenant.addSite({ name: `site${n + 1}`, displayName, description: `About ${displayName}`, ...(owner ? { owner } : {}) });
		fillSite(site, { ...options, seed: options.seed * 31 + n });
		return site;
	});
}

/** Three libraries with files, lists with items, and pages. */
export function fillSite(site: Site, options: { seed: number; files?: number; lists?: number; items?: number; pages?: number }): void {
	const random = new SeededRandom(options.seed, 4);
	for (const name of ['Contracts', 'Größe & Maß']) site.addLibrary(name, { columns: [{ name: 'Customer', text: {} }, { name: 'Year', number: {} }] });
	for (const [n, library] of ['Documents', 'Contracts', 'Größe & Maß'].map((name) => site.library(name)).entries()) {
		fillDrive(library.drive, { files: options.files ?? 20, seed: options.seed * 7 + n });
		if (library.column('Customer')) for (const item of library.items()) if (random.chance(0.5)) library.edit(item, { Customer: sentence(random, 1, 2), Year: 2000 + random.below(27) });
	}
	for (let n = 0; n < (options.lists ?? 3); n++) fillList(site.addList({ displayName: `List ${n + 1}`, description: sentence(random, 2, 5), columns: EVERY_COLUMN }), { items: options.items ?? 20, seed: options.seed * 13 + n });
	for (let n = 0; n < (options.pages ?? 5); n++) site.pages.add({ title: `${sentence(random, 2, 4)} ${n + 1}`, published: random.chance(0.8), promotionKind: random.chance(0.3) ? 'newsPost' : 'page', canvasLayout: generatedCanvas(random, n) });
}

/** Items with most fields set, some alike, the first with all of them. */
export function fillList(list: SharePointList, options: { items: number; seed: number }): ListItem[] {
	const random = new SeededRandom(options.seed, 5);
	const { site } = list;
	const people = site.tenant.users.slice(0, 5).map((user) => site.ensureUser(user));
	if (people.length === 0) people.push(1);
	if (!list.column('Parent')) list.addColumn({ name: 'Parent', lookup: { listId: list.id, columnName: 'Title' } });
	if (!list.column('Related')) list.addColumn({ name: 'Related', lookup: { listId: list.id, columnName: 'Title', allowMultipleValues: true } });
	const made: ListItem[] = [];
	for (let n = 0; n < options.items; n++) {
		if (n === 0) {
			made.push(fillEveryColumn(list, { person: people[0]! }));
			continue;
		}
		const fields: Record<string, FieldValue> = { Title: sentence(random, 1, 5), Amount: random.below(10_000) / 100, Status: random.pick(['Open', 'Closed']), Done: random.chance(0.5) };
		if (random.chance(0.5)) fields.Note = paragraphs(random, 2).join('\n\n');
		if (random.chance(0.5)) Object.assign(fields, { Due: `2026-${String(1 + random.below(12)).padStart(2, '0')}-15T00:00:00Z`, Owner: random.pick(people) });
		if (random.chance(0.3)) Object.assign(fields, { Tags: ['Green'], Team: [random.pick(people)], Topic: random.pick(TERMS) });
		if (random.chance(0.3)) Object.assign(fields, { Parent: random.pick(made).id, Related: [made[0]!.id] });
		made.push(list.addItem(fields, { created: new Date(Date.UTC(2026, 0, 1) + n * 3_600_000) }));
	}
	return made;
}

function generatedCanvas(random: SeededRandom, n: number): Json {
	const text = (id: string): Json => ({ '@odata.type': TEXT_PART, id, innerHtml: `<p>${sentence(random, 5, 20)}</p>` });
	const image: Json = { '@odata.type': STANDARD_PART, id: 'i1', webPartType: IMAGE, data: { dataVersion: '1.9', title: 'Image', description: '', properties: { imageSourceType: 2, altText: sentence(random, 1, 3) }, serverProcessedContent: { htmlStrings: [], searchablePlainTexts: [], links: [], imageSources: [{ key: 'imageSource', value: '/_layouts/images/sitepagethumbnail.png' }] } } };
	const foreign: Json = { '@odata.type': STANDARD_PART, id: 'f1', webPartType: FOREIGN, data: { dataVersion: '1.0', title: 'Foreign', description: '', properties: {} } };
	return {
		horizontalSections: [
			{ layout: 'oneColumn', id: '1', emphasis: 'none', columns: [{ id: '1', width: 12, webparts: [text('t1'), ...(n % 10 === 9 ? [foreign] : [])] }] },
			{ layout: 'twoColumns', id: '2', emphasis: 'neutral', columns: [{ id: '1', width: 6, webparts: [text('t2')] }, { id: '2', width: 6, webparts: random.chance(0.5) ? [image] : [] }] },
		],
		...(n % 3 === 0 ? { verticalSection: { emphasis: 'soft', webparts: [text('t3')] } } : {}),
	};
}
