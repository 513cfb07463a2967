import type { Address } from './message-content';
import { SeededRandom } from './seeded-random';

const WORDS =
	'the of and to in for with on project report budget meeting customer invoice contract delivery schedule team plan review draft order status quarter question answer update please find attached numbers version change approval travel office server backup question offer price order week month monday friday before after until about between our your their next last first final new open closed urgent small large thanks regards hello dear kind proposal supplier warehouse legal finance marketing support training holiday request booking summary minutes agenda action item list'.split(
		' ',
	);

const PEOPLE: readonly Address[] = [
	['Bruno Costa', 'bruno.costa@fabrikam.example'],
	['Chiara Neri', 'chiara@northwind.example'],
	['Jürgen Müller', 'juergen.mueller@tailspin.example'],
	['Łukasz Żak', 'lukasz@wide-world.example'],
	['佐藤 花子', 'hanako@adatum.example'],
	['Emma Larsen', 'emma.larsen@fabrikam.example'],
	['Farid Haddad', 'farid@litware.example'],
	['"Sales, North"', 'sales@northwind.example'],
	['Newsletter', 'news@letters.example'],
	['O’Brien, Siobhán', 'siobhan@proseware.example'],
].map(([name = '', address = '']) => ({ name: name.replace(/"/g, ''), address }));

export function person(random: SeededRandom): Address {
	return random.pick(PEOPLE);
}

/** Words of a sentence, the first with a capital. */
export function sentence(random: SeededRandom, least: number, most: number): string {
	const count = least + random.below(most - least + 1);
	let text = '';
	for (let i = 0; i < count; i++) text += (i ? ' ' : '') + random.pick(WORDS);
	return text.charAt(0).toUpperCase() + text.slice(1);
}

const STOCK_SIZE = 400;
let stock: string[] | undefined;

/** Paragraphs of plain ASCII, lines of at most 76 characters; from a stock, since each message wants some. */
export function paragraphs(random: SeededRandom, count: number): string[] {
	if (!stock) {
		const source = new SeededRandom(400);
		stock = Array.from({ length: STOCK_SIZE }, () => `${sentence(source, 20, 60).replace(/(.{1,70})(?: |$)/g, '$1\n').trimEnd()}.`);
	}
	const paragraphStock = stock;
	return Array.from({ length: count }, () => random.pick(paragraphStock));
}
