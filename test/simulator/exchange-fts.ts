import { deflateSync, inflateSync } from 'node:zlib';
import { ComposedMessage, type Composition } from './composed-message';
import { badRequest } from './graph-error';
import type { NewMessage } from './mailbox';
import type { MessageRecord } from './message';
import type { Address, MessageContent } from './message-content';
import { StoredMime } from './stored-mime';

/**
 * What `exportItems` gives of a message here: opaque, as Exchange's fast transfer stream is, and with nothing lost. Its
 * inside is this tenant's own: clients may store it and give it back, nothing else.
 */
const MAGIC = Buffer.from('\x01\x00\x00\x00simulated fast transfer stream\x00', 'latin1');

interface Stored {
	mime?: string;
	bcc?: Address[];
	composition?: Composition;
	state: NewMessage;
	multi?: [string, string[]][];
}

/** A message with its draft state, its dates, its marks and all its extended properties. */
export async function writeFts(message: MessageRecord): Promise<Buffer> {
	const state: NewMessage = {
		isRead: message.isRead,
		isDraft: message.isDraft,
		received: message.receivedMs,
		sent: message.sentMs,
		created: message.createdMs,
		categories: [...message.categories],
		flag: message.flag,
		inference: message.inference,
	};
	if (message.importance) state.importance = message.importance;
	if (message.singleValueProperties) state.singleValueProperties = Object.fromEntries(message.singleValueProperties);
	const stored: Stored = { state };
	if (message.content instanceof ComposedMessage) stored.composition = message.content.composition;
	else {
		stored.mime = (await message.content.mime()).toString('base64');
		stored.bcc = (await message.summary()).bcc;
	}
	if (message.multiValueProperties) stored.multi = [...message.multiValueProperties];
	return Buffer.concat([MAGIC, deflateSync(JSON.stringify(stored))]);
}

/** @throws GraphError 400 for bytes that no export gave */
export function readFts(bytes: Buffer): { content: MessageContent; state: NewMessage; multi?: Map<string, string[]> } {
	let stored: Stored;
	try {
		if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('Not ours');
		stored = JSON.parse(inflateSync(bytes.subarray(MAGIC.length)).toString('utf8'), reviveBuffer) as Stored;
	} catch {
		throw badRequest('The data is not a valid fast transfer stream.', 'ErrorInvalidImportData');
	}
	const content = stored.composition ? new ComposedMessage(stored.composition) : new StoredMime(Buffer.from(stored.mime ?? '', 'base64'), stored.bcc ?? []);
	return { content, state: stored.state, ...(stored.multi ? { multi: new Map(stored.multi) } : {}) };
}

/** As `Buffer.toJSON` writes them. */
function reviveBuffer(_key: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'Buffer' || !('data' in value)) return value;
	return Buffer.from(value.data as number[]);
}

/** The message class (`type` of a mailboxItem): what only a full-fidelity import brings back for mail of these sorts. */
export async function messageClass(message: MessageRecord): Promise<string> {
	const { meetingMessageType } = await message.summary();
	if (meetingMessageType === 'meetingRequest') return 'IPM.Schedule.Meeting.Request';
	if (meetingMessageType === 'meetingCancelled') return 'IPM.Schedule.Meeting.Canceled';
	if (meetingMessageType !== undefined) return 'IPM.Schedule.Meeting.Resp.Pos';
	if (message.content instanceof ComposedMessage) return 'IPM.Note';
	const head = (await message.content.mime()).subarray(0, 65_536).toString('latin1').split(/\r?\n\r?\n/, 1)[0]!.replace(/\r?\n[ \t]+/g, ' ');
	const type = /^content-type:[ \t]*([^;\r\n]+)(.*)$/im.exec(head);
	switch (type?.[1]?.trim().toLowerCase()) {
		case 'multipart/signed':
			return 'IPM.Note.SMIME.MultipartSigned';
		case 'application/pkcs7-mime':
		case 'application/x-pkcs7-mime':
			return 'IPM.Note.SMIME';
		case 'multipart/report':
			return /disposition-notification/i.test(type?.[2] ?? '') ? 'REPORT.IPM.Note.IPNRN' : 'REPORT.IPM.Note.NDR';
		default:
			return 'IPM.Note';
	}
}
