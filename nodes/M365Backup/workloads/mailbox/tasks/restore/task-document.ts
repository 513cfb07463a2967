import { Failure } from '../../../../base/failure';
import type { RestorableContent, RestorableItem } from '../../../restorer';
import type { GraphTask, GraphTaskAttachment } from '../graph-task';

/** A task as the backup holds it (fetch-tasks.ts writes it). */
export interface TaskDocument extends GraphTask {
	attachments?: GraphTaskAttachment[];
}

/** Its text is at most a few MB: a To Do body is one field of one request. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/** @throws Failure `notFound` if the backup never got it, `corrupt` for what is no task */
export async function readDocument(item: RestorableItem): Promise<TaskDocument> {
	if (!item.content) {
		throw new Failure('notFound', 'The backup holds no content of this task', { nextStep: 'Choose a snapshot in which this task could be read' });
	}
	const parsed: unknown = JSON.parse((await readAll(item.content, LARGEST_BYTES)).toString('utf8'));
	if (typeof parsed !== 'object' || parsed === null || !('id' in parsed)) throw new Failure('corrupt', 'The content in the backup is no task');
	return parsed as TaskDocument;
}

export async function readAll(content: RestorableContent, limitBytes: number): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let sizeBytes = 0;
	for await (const chunk of content.open()) {
		sizeBytes += chunk.length;
		if (sizeBytes > limitBytes) throw new Failure('corrupt', 'A content in the backup is larger than it can be');
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}
