import type { ContentInput } from './drive-content';
import type { DriveNode, Identity } from './drive-node';
import type { GraphAnswer, GraphRequest } from './exchange';
import type { Json } from './message-json';
import type { OdataQuery } from './odata-query';

export interface NewDrive {
	/** Names the drive in every run with the same seed. */
	key: string;
	driveType: 'business' | 'documentLibrary';
	/** `OneDrive`, or the library's name. */
	name: string;
	owner: Identity;
	/** Below the host: `personal/anna_contoso_example/Documents`. */
	webPath: string;
	siteGuid: string;
	/** Of the web and the list, where they are known. */
	webGuid?: string;
	listGuid?: string;
}

/** The list behind a document library. */
export interface ListItemAnswers {
	/** `$expand=listItem`, the inner options applied. */
	json(node: DriveNode, request: GraphRequest, query: OdataQuery): Json;
	/** `…/listItem` and what is below. */
	answer(node: DriveNode, request: GraphRequest, rest: readonly string[]): GraphAnswer;
}

export interface FileOptions {
	/** What the owner's machine said (fileSystemInfo). */
	created?: Date | string;
	modified?: Date | string;
	by?: Identity;
	description?: string;
	malware?: string;
	/** No hash is told, as seen of some files. */
	hashless?: boolean;
	/** What a download gives instead, so that size and hash do not fit: labelled and protected files. */
	servedAs?: ContentInput;
}
