import type { ContactProperties } from './contact-properties';
import type { Mailbox } from './mailbox';
import { randomBytesOf, SeededRandom } from './seeded-random';

const GIVEN = ['Anna', 'Bruno', 'Chiara', 'Дмитрий', 'Émile', 'Fatma', '美咲', 'Håkon', 'Inês', 'Jürgen'];
const FAMILY = ['Berg', 'Costa', 'Neri', 'Иванов', 'Lefèvre', 'Yılmaz', '田中', 'Ødegård', 'Conceição', 'Müller-Groß'];
const COMPANIES = ['Fabrikam', 'Contoso; Ltd.', 'Adventure, Works', 'Northwind "Traders"'];
const FOLDERS = ['Customers', 'VIP', 'Größe & Maß', 'a/b', '日本'];

/** A contact of the generated kind: now a few properties, now nearly all of them. */
export function generatedContact(random: SeededRandom, index: number): ContactProperties {
	const givenName = random.pick(GIVEN);
	const surname = random.pick(FAMILY);
	const mail = `contact.${index}@fabrikam.example`;
	const contact: ContactProperties = { givenName, surname, displayName: `${givenName} ${surname} ${index}`, emailAddresses: [{ name: `${givenName} ${surname}`, address: mail }] };
	if (random.chance(0.6)) Object.assign(contact, { companyName: random.pick(COMPANIES), jobTitle: 'Buyer', department: 'Purchasing', businessPhones: [`+49 30 ${100_000 + index}`] });
	if (random.chance(0.4)) Object.assign(contact, { mobilePhone: `+49 170 ${1_000_000 + index}`, homePhones: ['+49 40 1234', '+49 40 5678'] });
	if (random.chance(0.3)) Object.assign(contact, { businessAddress: { street: `Hauptstraße ${index}\nHinterhaus`, city: 'Köln', postalCode: '50667', countryOrRegion: 'Germany' } });
	if (random.chance(0.2)) Object.assign(contact, { birthday: `19${60 + (index % 40)}-0${1 + (index % 9)}-11`, spouseName: 'Kim', children: ['Lea', 'Noah'] });
	if (random.chance(0.2)) contact['personalNotes'] = `Met at the fair; likes “tea”, and \\ backslashes.\n${'Long note. '.repeat(1 + (index % 30))}`;
	if (random.chance(0.1)) contact['categories'] = ['Red category'];
	return contact;
}

/** Adds contact folders and contacts, a tenth of them with photos; the same for the same seed. */
export function fillContacts(mailbox: Mailbox, options: { contacts: number; folders?: number; seed: number }): void {
	const random = new SeededRandom(options.seed, 31);
	const { contacts } = mailbox;
	const folders = [contacts.default];
	for (let n = 0; n < (options.folders ?? Math.min(2, options.contacts)); n++) {
		folders.push(contacts.addFolder(random.chance(0.3) ? random.pick(folders) : contacts.default, FOLDERS[n] ?? `Contacts ${n + 1}`));
	}
	for (let index = 0; index < options.contacts; index++) {
		const photo = random.chance(0.1) ? { photo: randomBytesOf(new SeededRandom(options.seed, index), 2000) } : {};
		contacts.add(random.chance(0.6) ? contacts.default : random.pick(folders), generatedContact(random, index), photo);
	}
}
