import { badRequest } from './graph-error';

type Literal = { kind: 'literal'; value: string | number | boolean | null; isDate: boolean };
type Operand = Literal | { kind: 'path'; path: string[] } | { kind: 'call'; name: string; args: Operand[] };

export type Filter =
	| { kind: 'and' | 'or'; left: Filter; right: Filter }
	| { kind: 'not'; inner: Filter }
	| { kind: 'compare'; operator: string; left: Operand; right: Operand }
	| { kind: 'boolean'; operand: Operand }
	| { kind: 'any'; path: string[]; variable: string; inner: Filter };

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TOKEN = /\s*(?:([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})|('(?:[^']|'')*')|(\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(-?\d+(?:\.\d+)?)(?![\w-])|([A-Za-z_@][\w.@/$-]*)|([(),:]))/y;

/**
 * Parses `$filter`: and, or, not, comparisons, startswith, endswith, contains, tolower, `any` over a collection.
 *
 * @throws GraphError 400 for anything else
 */
export function parseFilter(text: string): Filter {
	const tokens: string[] = [];
	TOKEN.lastIndex = 0;
	while (TOKEN.lastIndex < text.trimEnd().length) {
		const match = TOKEN.exec(text);
		if (!match) throw badRequest(`Invalid filter clause: ${text}`);
		tokens.push(match[0].trim());
	}
	const parser = new Parser(tokens, text);
	const filter = parser.or();
	parser.end();
	return filter;
}

class Parser {
	private at = 0;

	constructor(
		private readonly tokens: string[],
		private readonly text: string,
	) {}

	private fail(): never {
		throw badRequest(`Invalid filter clause: ${this.text}`);
	}

	private next(): string {
		return this.tokens[this.at++] ?? this.fail();
	}

	private accept(token: string): boolean {
		if (this.tokens[this.at]?.toLowerCase() !== token) return false;
		this.at++;
		return true;
	}

	private expect(token: string): void {
		if (!this.accept(token)) this.fail();
	}

	end(): void {
		if (this.at !== this.tokens.length) this.fail();
	}

	or(): Filter {
		let left = this.and();
		while (this.accept('or')) left = { kind: 'or', left, right: this.and() };
		return left;
	}

	private and(): Filter {
		let left = this.unary();
		while (this.accept('and')) left = { kind: 'and', left, right: this.unary() };
		return left;
	}

	private unary(): Filter {
		if (this.accept('not')) return { kind: 'not', inner: this.unary() };
		if (this.accept('(')) {
			const inner = this.or();
			this.expect(')');
			return inner;
		}
		const name = this.tokens[this.at];
		if (name && /\/any$/i.test(name) && this.tokens[this.at + 1] === '(') return this.any();
		const left = this.operand();
		const operator = this.tokens[this.at]?.toLowerCase();
		if (!operator || !['eq', 'ne', 'gt', 'ge', 'lt', 'le'].includes(operator)) return { kind: 'boolean', operand: left };
		this.at++;
		return { kind: 'compare', operator, left, right: this.operand() };
	}

	private any(): Filter {
		const path = this.next().split('/').slice(0, -1);
		this.expect('(');
		const variable = this.next();
		this.expect(':');
		const inner = this.or();
		this.expect(')');
		return { kind: 'any', path, variable, inner };
	}

	private operand(): Operand {
		const token = this.next();
		if (token.startsWith("'")) return { kind: 'literal', value: token.slice(1, -1).replace(/''/g, "'"), isDate: false };
		if (GUID.test(token)) return { kind: 'literal', value: token, isDate: false };
		if (/^\d{4}-\d\d-\d\d/.test(token)) return { kind: 'literal', value: Date.parse(token), isDate: true };
		if (/^-?\d/.test(token)) return { kind: 'literal', value: Number(token), isDate: false };
		const lower = token.toLowerCase();
		if (lower === 'true' || lower === 'false') return { kind: 'literal', value: lower === 'true', isDate: false };
		if (lower === 'null') return { kind: 'literal', value: null, isDate: false };
		if (!/^[A-Za-z_@]/.test(token)) this.fail();
		if (this.tokens[this.at] !== '(') return { kind: 'path', path: token.split('/') };
		this.at++;
		const args: Operand[] = [];
		do args.push(this.operand());
		while (this.accept(','));
		this.expect(')');
		return { kind: 'call', name: lower, args };
	}
}

/** Text is compared without case, as Exchange and Entra do. */
export function matches(filter: Filter, item: unknown): boolean {
	switch (filter.kind) {
		case 'and':
			return matches(filter.left, item) && matches(filter.right, item);
		case 'or':
			return matches(filter.left, item) || matches(filter.right, item);
		case 'not':
			return !matches(filter.inner, item);
		case 'boolean':
			return valueOf(filter.operand, item) === true;
		case 'any': {
			const list = read(item, filter.path);
			return Array.isArray(list) && list.some((element) => matches(filter.inner, { [filter.variable]: element }));
		}
		case 'compare':
			return compare(filter, item);
	}
}

function compare(filter: Extract<Filter, { kind: 'compare' }>, item: unknown): boolean {
	let left = valueOf(filter.left, item);
	let right = valueOf(filter.right, item);
	if (filter.right.kind === 'literal' && filter.right.isDate && typeof left === 'string') left = Date.parse(left);
	if (typeof left === 'string') left = left.toLowerCase();
	if (typeof right === 'string') right = right.toLowerCase();
	left ??= null;
	right ??= null;
	if (filter.operator === 'eq') return left === right;
	if (filter.operator === 'ne') return left !== right;
	if (left === null || right === null || typeof left !== typeof right) return false;
	if (filter.operator === 'gt') return left > right;
	if (filter.operator === 'ge') return left >= right;
	if (filter.operator === 'lt') return left < right;
	return left <= right;
}

function valueOf(operand: Operand, item: unknown): string | number | boolean | null | undefined {
	if (operand.kind === 'literal') return operand.value;
	if (operand.kind === 'path') return read(item, operand.path) as string | number | boolean | null | undefined;
	const [first, second] = operand.args.map((arg) => String(valueOf(arg, item) ?? '').toLowerCase());
	switch (operand.name) {
		case 'startswith':
			return (first ?? '').startsWith(second ?? '');
		case 'endswith':
			return (first ?? '').endsWith(second ?? '');
		case 'contains':
			return (first ?? '').includes(second ?? '');
		case 'tolower':
			return first;
		default:
			throw badRequest(`Unsupported function in filter: ${operand.name}`);
	}
}

function read(item: unknown, path: readonly string[]): unknown {
	let value = item;
	for (const name of path) {
		if (typeof value !== 'object' || value === null) return undefined;
		if (name === '$count') return Array.isArray(value) ? value.length : undefined;
		value = (value as Record<string, unknown>)[name];
	}
	return value;
}

/** Whether only items with extended properties can match: the others need not be looked at. */
export function needsExtendedProperties(filter: Filter): boolean {
	if (filter.kind === 'and') return needsExtendedProperties(filter.left) || needsExtendedProperties(filter.right);
	return filter.kind === 'any' && filter.path[0] === 'singleValueExtendedProperties';
}

/** First segments of the paths that a filter reads. */
export function propertiesOf(filter: Filter, names = new Set<string>()): Set<string> {
	const operand = (one: Operand): void => {
		if (one.kind === 'path') names.add(one.path[0]!);
		if (one.kind === 'call') one.args.forEach(operand);
	};
	if (filter.kind === 'and' || filter.kind === 'or') {
		propertiesOf(filter.left, names);
		propertiesOf(filter.right, names);
	} else if (filter.kind === 'not') propertiesOf(filter.inner, names);
	else if (filter.kind === 'any') names.add(filter.path[0]!);
	else if (filter.kind === 'boolean') operand(filter.operand);
	else if (filter.kind === 'compare') {
		operand(filter.left);
		operand(filter.right);
	}
	return names;
}

/** All properties that it reads, as paths (`assignedLicenses/$count`); those of one function only, if named. */
export function pathsOf(filter: Filter, ofFunction?: string): string[] {
	const paths: string[] = [];
	const operand = (one: Operand, caller?: string): void => {
		if (one.kind === 'path' && (ofFunction === undefined || caller === ofFunction)) paths.push(one.path.join('/'));
		if (one.kind === 'call') for (const arg of one.args) operand(arg, one.name);
	};
	walk(filter, (one) => {
		if (one.kind === 'any' && ofFunction === undefined) paths.push(one.path.join('/'));
		if (one.kind === 'boolean') operand(one.operand);
		if (one.kind === 'compare') {
			operand(one.left);
			operand(one.right);
		}
	});
	return paths;
}

/** Whether an operator or function of that name occurs in it. */
export function usesOperator(filter: Filter, name: string): boolean {
	let found = false;
	const operand = (one: Operand): boolean => one.kind === 'call' && (one.name === name || one.args.some(operand));
	walk(filter, (one) => {
		found ||= one.kind === name || (one.kind === 'compare' && (one.operator === name || operand(one.left) || operand(one.right))) || (one.kind === 'boolean' && operand(one.operand));
	});
	return found;
}

/** How many conditions it consists of. */
export function clausesOf(filter: Filter): number {
	let count = 0;
	walk(filter, (one) => {
		if (one.kind === 'any' || one.kind === 'boolean' || one.kind === 'compare') count++;
	});
	return count;
}

/** Not into what an `any` asks of each element. */
function walk(filter: Filter, visit: (one: Filter) => void): void {
	visit(filter);
	if (filter.kind === 'and' || filter.kind === 'or') {
		walk(filter.left, visit);
		walk(filter.right, visit);
	} else if (filter.kind === 'not') walk(filter.inner, visit);
}
