import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { OpenApiDocument, type Deviation } from './openapi-document';
import { parseTarget } from './target';

export interface RecordedCall {
	method: string;
	url: string;
	status: number;
	requestBody: unknown;
	responseBody: unknown;
}

/** Deviations that are right, each with its reason. Everything else is a defect of ours or of the simulator. */
const KNOWN: readonly { pattern: RegExp; reason: string }[] = [
	{ pattern: /\/childFolders\/\{[^}]+\}\/(childFolders|messages)/, reason: 'the description is cut at one level of child folders' },
	{ pattern: /request GET .*\/attachments\/[^/]+\/\$value$/, reason: 'the raw bytes of an attachment are documented (attachment-get), the description leaves them out' },
	{ pattern: /request \w+ \/.*(\/root:|\/items\/[^/]+:|\/items\/[^/]+\/[^/]+:\/)/, reason: 'addressing by path is documented (addressing-driveitems), the description leaves it out' },
	{ pattern: /request GET \/drives\/[^/]+\/root\/delta(\(\))?$/, reason: 'delta of the root is documented (driveitem-delta), the description has it below items only' },
	{ pattern: /(createdBy|lastModifiedBy|checkedOutBy|owner|grantedTo\w*)(\[\])?\.user\.email$/, reason: 'SharePoint names the e-mail address of an identity (driveitem samples)' },
	{ pattern: /\/pages\/([^/]+\/)?microsoft\.graph\.sitePage|GET \/sites\/\{id\}\/pages\/\{id_1\}\.value$/i, reason: 'the cast to sitePage is documented (sitepage-list, sitepage-get, sitepage-publish), the description leaves it out' },
	{ pattern: /\.canvasLayout$/, reason: 'the layout is documented (sitepage-create), the description leaves it out' },
	{ pattern: /[./]fields\.\w+$/, reason: 'fieldValueSet is an open type: its properties are the columns of the list' },
	{ pattern: /response 200 GET \/sites.*\.deleted$/, reason: 'deleted sites have the facet (site-delta)' },
	{ pattern: /\/lists\/[^/]+\/contentTypes\/([^/]+\/columns|addCopy)$/, reason: 'columns of a list’s content type, and addCopy, are documented (contenttype-list-columns, contenttype-addcopy); the description leaves them out' },
	{ pattern: /request GET \/groups\/[^/]+\/transitiveMembers\//, reason: 'the transitive members of a group and the cast to user are documented (group-list-transitivemembers), the description leaves them out' },
	{ pattern: /request GET \/subscribedSkus$/, reason: 'the licences of a tenant are documented (subscribedsku-list), the description leaves them out' },
	{ pattern: /extensions(\.value)?(\[\])?\.\w+$/, reason: 'an open extension is an open type: its properties are whatever an application put there' },
];

export interface CheckResult {
	calls: number;
	checkedBodies: number;
	/** Deviation → how often. */
	explained: Map<string, { count: number; reason: string }>;
	unexplained: Map<string, number>;
}

/** Holds recorded Graph calls, also those inside `$batch`, against a description of Graph. */
export async function checkRecord(document: OpenApiDocument, calls: AsyncIterable<RecordedCall> | Iterable<RecordedCall>): Promise<CheckResult> {
	const result: CheckResult = { calls: 0, checkedBodies: 0, explained: new Map(), unexplained: new Map() };
	for await (const call of calls) for (const one of unpacked(call)) checkCall(document, one, result);
	return result;
}

/** A batch is its inner requests. */
function* unpacked(call: RecordedCall): Generator<RecordedCall> {
	const path = new URL(call.url).pathname;
	if (!path.endsWith('/$batch')) {
		yield call;
		return;
	}
	const requests = (call.requestBody as { requests?: { id: string; method: string; url: string; body?: unknown }[] } | null)?.requests ?? [];
	const responses = (call.responseBody as { responses?: { id: string; status: number; body?: unknown }[] } | null)?.responses ?? [];
	for (const request of requests) {
		const answer = responses.find(({ id }) => id === request.id);
		if (!answer) continue;
		const url = new URL(call.url).origin + `/v1.0${request.url.startsWith('/') ? '' : '/'}${request.url}`;
		yield { method: request.method, url, status: answer.status, requestBody: request.body ?? null, responseBody: answer.body ?? null };
	}
}

function checkCall(document: OpenApiDocument, call: RecordedCall, result: CheckResult): void {
	result.calls++;
	const url = new URL(call.url);
	const path = `/${parseTarget(url.pathname).segments.map((segment) => segment.replaceAll('/', '%2F')).join('/')}`;
	const template = document.template(path);
	if (template === undefined) {
		// A client that asks for what does not exist is itself the finding, whatever the answer was.
		note(result, { kind: 'path', where: `request ${call.method} ${generalized(path)}`, what: 'is not described' });
		return;
	}
	const operation = document.operation(template, call.method);
	if (!operation) {
		note(result, { kind: 'method', where: `request ${call.method} ${template}`, what: 'is not described' });
		return;
	}
	const requestSchema = document.requestSchema(operation);
	if (requestSchema && isObject(call.requestBody)) {
		result.checkedBodies++;
		for (const deviation of document.deviations(call.requestBody, requestSchema, `request ${call.method} ${template}`)) note(result, deviation);
	}
	const responseSchema = document.responseSchema(operation, call.status);
	if (responseSchema && isObject(call.responseBody)) {
		result.checkedBodies++;
		for (const deviation of document.deviations(call.responseBody, responseSchema, `response ${call.status} ${call.method} ${template}`)) note(result, deviation);
	}
}

function isObject(value: unknown): boolean {
	return typeof value === 'object' && value !== null;
}

/** Long ids out of the way, so that equal deviations count as one. */
function generalized(path: string): string {
	return path.replace(/\/[^/]*(@|%40|[A-Za-z0-9_-]{30,})[^/]*/g, '/{id}');
}

function note(result: CheckResult, { kind, where, what }: Deviation): void {
	const text = `${kind}: ${where} ${what}`;
	const known = KNOWN.find(({ pattern }) => pattern.test(where));
	if (!known) result.unexplained.set(text, (result.unexplained.get(text) ?? 0) + 1);
	else {
		const entry = result.explained.get(text);
		if (entry) entry.count++;
		else result.explained.set(text, { count: 1, reason: known.reason });
	}
}

/** The lines of `--record`. */
export async function* readRecord(file: string): AsyncGenerator<RecordedCall> {
	for await (const line of createInterface({ input: createReadStream(file) })) if (line !== '') yield JSON.parse(line) as RecordedCall;
}

/** `tsx test/simulator/openapi-check.ts <openapi.json> <record.ndjson>` */
async function main(openApiFile: string | undefined, recordFile: string | undefined): Promise<number> {
	if (openApiFile === undefined || recordFile === undefined || !existsSync(openApiFile)) {
		console.log(`OpenAPI check skipped: ${openApiFile === undefined ? 'no description of Graph was given' : recordFile === undefined ? 'no record was given' : `${openApiFile} does not exist`}.`);
		return 0;
	}
	const document = new OpenApiDocument(JSON.parse(await readFile(openApiFile, 'utf8')) as ConstructorParameters<typeof OpenApiDocument>[0]);
	const { calls, checkedBodies, explained, unexplained } = await checkRecord(document, readRecord(recordFile));
	console.log(`${calls} requests, ${checkedBodies} bodies held against the description: ${unexplained.size} unexplained deviations, ${explained.size} explained.`);
	for (const [text, { count, reason }] of explained) console.log(`  explained ${count}× ${text}\n            ${reason}`);
	for (const [text, count] of unexplained) console.log(`  DEVIATION ${count}× ${text}`);
	return unexplained.size === 0 ? 0 : 1;
}

if (require.main === module) {
	main(process.argv[2], process.argv[3]).then(
		(code) => {
			process.exitCode = code;
		},
		(error: unknown) => {
			console.error(error);
			process.exitCode = 1;
		},
	);
}
