import type { Identity } from './drive-node';

/** What a field holds: lookups and people are numbers, several values are arrays, links, places and terms are objects. */
export type FieldValue = string | number | boolean | readonly string[] | readonly number[] | Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

/** By internal column name; empty fields are absent. */
export type FieldValues = Record<string, FieldValue>;

export interface ItemVersion {
	number: number;
	values: FieldValues;
	modifiedMs: number;
	modifiedBy: Identity;
}

/** An item of a list, or what a file looks like as an item of its library. */
export interface ListItem {
	id: number;
	/** GUID in lower case. */
	uniqueId: string;
	/** Counts every change: the number in `eTag`. */
	etag: number;
	createdMs: number;
	modifiedMs: number;
	createdBy: Identity;
	modifiedBy: Identity;
	contentTypeId: string;
	values: FieldValues;
	/** Older states, oldest first. */
	versions: ItemVersion[];
	isDeleted: boolean;
	/** Files hang on it, which Graph does not give: the field `Attachments` alone tells. */
	hasAttachments?: boolean;
	/** Position in the list's log of the latest entry. */
	lastLogged: number;
	/** Fields that no column stands for, of files: FileLeafRef, FileSizeDisplay… */
	fileFields?: Record<string, unknown>;
	/** Below the host; of files. */
	webPath?: string;
	/** id of the folder that it lies in; of files. */
	parentId?: string;
}

/** What a user may give beside the fields. */
export interface ItemOptions {
	by?: Identity;
	/** Name or id of a content type of the list. */
	contentType?: string;
	created?: Date | string;
	modified?: Date | string;
	uniqueId?: string;
}
