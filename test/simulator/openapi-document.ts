/** As much of OpenAPI 3.0 as a description of Graph uses. */
export interface Schema {
	$ref?: string;
	type?: string;
	format?: string;
	nullable?: boolean;
	enum?: unknown[];
	properties?: Record<string, Schema>;
	additionalProperties?: boolean | Schema;
	items?: Schema;
	allOf?: Schema[];
	anyOf?: Schema[];
	oneOf?: Schema[];
}

interface Content {
	content?: Record<string, { schema?: Schema }>;
	$ref?: string;
}

interface Operation {
	responses: Record<string, Content>;
	requestBody?: Content;
}

interface Document {
	paths: Record<string, Record<string, Operation | undefined>>;
	components: { schemas: Record<string, Schema>; responses?: Record<string, Content>; requestBodies?: Record<string, Content> };
}

export interface Deviation {
	/** E.g. `path`, `method`, `property`, `type`. */
	kind: string;
	where: string;
	what: string;
}

interface Template {
	path: string;
	matcher: RegExp;
	parameters: number;
}

/** A description of Graph, asked whether a path exists and whether a body is as it says. */
export class OpenApiDocument {
	private readonly templates: Template[];

	constructor(private readonly document: Document) {
		this.templates = Object.keys(document.paths)
			.map((path) => ({
				path,
				matcher: new RegExp(`^${path.replace(/[.$()*+?^|[\]\\]/g, '\\$&').replace(/\\\(\\\)/g, '(?:\\(\\))?').replace(/\{[^}]+\}/g, '[^/]+')}$`, 'i'),
				parameters: path.split('{').length,
			}))
			.sort((a, b) => a.parameters - b.parameters);
	}

	/** The template of a path such as `/users/x/messages/y`, key syntax already resolved. */
	template(path: string): string | undefined {
		return this.templates.find(({ matcher }) => matcher.test(path))?.path;
	}

	operation(template: string, method: string): Operation | undefined {
		return this.document.paths[template]?.[method.toLowerCase()];
	}

	responseSchema(operation: Operation, status: number): Schema | undefined {
		const { responses } = operation;
		const found = responses[String(status)] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses.default;
		return this.schemaOf(found);
	}

	requestSchema(operation: Operation): Schema | undefined {
		return this.schemaOf(operation.requestBody);
	}

	private schemaOf(content: Content | undefined): Schema | undefined {
		const resolved = content?.$ref === undefined ? content : (this.resolve(content.$ref) as Content);
		return resolved?.content?.['application/json']?.schema;
	}

	private resolve(ref: string): unknown {
		let value: unknown = this.document;
		for (const part of ref.split('/').slice(1)) value = (value as Record<string, unknown> | undefined)?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
		if (value === undefined) throw new Error(`The description lacks ${ref}`);
		return value;
	}

	/** Where a value is not as a schema says; properties of derived types are looked up by `@odata.type`. */
	deviations(value: unknown, schema: Schema, where: string): Deviation[] {
		if (schema.$ref !== undefined) return this.deviations(value, this.derived(value, schema.$ref), where);
		if (schema.anyOf ?? schema.oneOf) {
			const all = (schema.anyOf ?? schema.oneOf ?? []).map((one) => this.deviations(value, one, where));
			return all.some((one) => one.length === 0) ? [] : (all[0] ?? []);
		}
		if (value === null) return schema.nullable || schema.enum?.includes(null) ? [] : [{ kind: 'type', where, what: 'null where no null may be' }];
		if (schema.enum && !schema.enum.includes(value)) return [{ kind: 'type', where, what: `${JSON.stringify(value)} is none of ${JSON.stringify(schema.enum)}` }];
		const { properties, isOpen } = this.flattened(schema);
		if (schema.type === 'array' || schema.items) {
			if (!Array.isArray(value)) return [{ kind: 'type', where, what: `${typeof value} instead of a collection` }];
			return value.flatMap((one) => (schema.items ? this.deviations(one, schema.items, `${where}[]`) : []));
		}
		if (properties) return this.objectDeviations(value, properties, isOpen, where);
		return scalarDeviations(value, schema, where);
	}

	private derived(value: unknown, ref: string): Schema {
		const type = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['@odata.type'] : undefined;
		const named = typeof type === 'string' ? this.document.components.schemas[type.replace(/^#/, '')] : undefined;
		return named ?? (this.resolve(ref) as Schema);
	}

	private flattened(schema: Schema): { properties: Record<string, Schema> | undefined; isOpen: boolean } {
		if (schema.$ref !== undefined) return this.flattened(this.resolve(schema.$ref) as Schema);
		let properties = schema.properties;
		let isOpen = schema.additionalProperties !== undefined && schema.additionalProperties !== false;
		for (const part of schema.allOf ?? []) {
			const inner = this.flattened(part);
			properties = { ...properties, ...inner.properties };
			isOpen ||= inner.isOpen;
		}
		return { properties, isOpen };
	}

	private objectDeviations(value: unknown, properties: Record<string, Schema>, isOpen: boolean, where: string): Deviation[] {
		if (typeof value !== 'object' || Array.isArray(value) || value === null) return [{ kind: 'type', where, what: `${Array.isArray(value) ? 'collection' : typeof value} instead of an object` }];
		const found: Deviation[] = [];
		for (const [name, inner] of Object.entries(value)) {
			if (name.startsWith('@') || name.includes('@odata.')) continue;
			const schema = properties[name] ?? properties[Object.keys(properties).find((known) => known.toLowerCase() === name.toLowerCase()) ?? ''];
			if (schema) found.push(...this.deviations(inner, schema, `${where}.${name}`));
			else if (!isOpen) found.push({ kind: 'property', where: `${where}.${name}`, what: 'is not described' });
		}
		return found;
	}
}

function scalarDeviations(value: unknown, schema: Schema, where: string): Deviation[] {
	const wrong = (what: string): Deviation[] => [{ kind: 'type', where, what }];
	switch (schema.type) {
		case 'string':
			if (typeof value !== 'string') return wrong(`${typeof value} instead of text`);
			if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) return wrong(`${value} is no date`);
			return [];
		case 'integer':
			return Number.isInteger(value) ? [] : wrong(`${typeof value} instead of a whole number`);
		case 'number':
			return typeof value === 'number' ? [] : wrong(`${typeof value} instead of a number`);
		case 'boolean':
			return typeof value === 'boolean' ? [] : wrong(`${typeof value} instead of true or false`);
		default:
			return [];
	}
}
