import type { Failure } from '../../../base/failure';
import { isFailure, toFailure } from '../../../base/failure';
import type { BatchRequest } from '../../../graph/client';
import { batchResult } from '../../../graph/client';
import type { CalendarContext } from './calendar-context';
import { eventPath } from './calendar-context';
import type { EventAttachment } from './event-document';
import type { GraphEvent } from './graph-event';

/** An attachment of an event or of one occurrence, with the id under which its bytes are. */
export interface ListedAttachment {
	id: string;
	listed: EventAttachment;
}

interface GraphAttachment {
	'@odata.type'?: string;
	id: string;
	name?: string | null;
	contentType?: string | null;
	size?: number | null;
	isInline?: boolean | null;
	contentId?: string | null;
}

const SELECT = '$select=id,name,contentType,size,isInline';
/** Without `contentBytes`, which would bring the whole files into the listing. */
const QUERY = `${SELECT},microsoft.graph.fileAttachment/contentId`;

type ListContext = Pick<CalendarContext, 'graph' | 'userPath'>;

/** `hasAttachments` is false where all of them are pictures in the text (docs of event). */
export function hasAttachments(event: GraphEvent): boolean {
	return event.hasAttachments === true || /\bcid:/i.test(event.body?.content ?? '');
}

/** By the Graph id of their event. */
export async function listAttachments(
	context: ListContext,
	owners: readonly string[],
	signal: AbortSignal | undefined,
): Promise<Map<string, ListedAttachment[] | Failure>> {
	const lists = new Map<string, ListedAttachment[] | Failure>();
	const requests: BatchRequest[] = owners.map((id) => ({ id, method: 'GET', path: `${eventPath(context, id)}/attachments?${QUERY}` }));
	if (requests.length === 0) return lists;
	for await (const answer of context.graph.batch(requests, { reportsTooLarge: true, ...(signal ? { signal } : {}) })) {
		const result = batchResult(answer);
		if (result.ok) {
			const page = result.body as { value?: GraphAttachment[]; '@odata.nextLink'?: string };
			const isWhole = Array.isArray(page.value) && page['@odata.nextLink'] === undefined;
			lists.set(answer.id, isWhole ? toListed(answer.id, page.value ?? []) : await allPages(context, answer.id, QUERY, signal));
		} else if (isFailure(result.failure, 'cancelled')) throw result.failure;
		else if (isFailure(result.failure, 'invalid') || result.failure.code === 'batchAnswerTooLarge') {
			lists.set(answer.id, await allPages(context, answer.id, SELECT, signal));
		} else lists.set(answer.id, result.failure);
	}
	return lists;
}

async function allPages(context: ListContext, owner: string, query: string, signal: AbortSignal | undefined): Promise<ListedAttachment[] | Failure> {
	const found: ListedAttachment[] = [];
	try {
		const path = `${eventPath(context, owner)}/attachments?${query}`;
		for await (const page of context.graph.pages<GraphAttachment>({ path, ...(signal ? { signal } : {}) })) found.push(...toListed(owner, page));
		return found;
	} catch (error) {
		const failure = toFailure(error);
		if (isFailure(failure, 'cancelled')) throw failure;
		return failure;
	}
}

function toListed(owner: string, attachments: readonly GraphAttachment[]): ListedAttachment[] {
	return attachments.map((one) => ({
		id: one.id,
		listed: {
			of: owner,
			kind: kindOf(one),
			name: one.name ?? '',
			...(one.contentType ? { contentType: one.contentType } : {}),
			...(typeof one.size === 'number' ? { size: one.size } : {}),
			...(one.isInline === true ? { isInline: true as const } : {}),
			...(one.contentId ? { contentId: one.contentId } : {}),
		},
	}));
}

function kindOf(attachment: GraphAttachment): EventAttachment['kind'] {
	const type = attachment['@odata.type'] ?? '';
	if (/itemAttachment$/i.test(type)) return 'item';
	return /referenceAttachment$/i.test(type) ? 'reference' : 'file';
}
