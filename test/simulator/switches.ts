/**
 * What nobody could verify about Microsoft Graph. Each switch names both behaviours; tests run both ways. The
 * defaults follow the best source there is. Change them at any time: `tenant.switches.partialDeltaEntries = false`.
 */
export interface Switches {
	/** Documented limits answer 429 (10,000 requests in 10 minutes, 4 at once, 150 MB of uploads in 5 minutes, per mailbox). Off: never. */
	throttling: boolean;
	/** Seconds in `Retry-After` when more than 4 requests of a mailbox run at once; the true figure is documented nowhere. */
	concurrencyRetryAfterSeconds: number;
	/** A read toggle shows up in delta as id, isRead and parentFolderId only (gd#7776), and not at all if isRead was not selected (corso#1866). Off: full entries. */
	partialDeltaEntries: boolean;
	/** A message that left a folder and came back to it is reported by that folder's delta as `@removed` only, never as an add (dc#72, ImmutableId). On: as an add. */
	deltaReportsReturns: boolean;
	/** `$top` on a message delta caps the total of the whole round (gd#2232). Off: it is a page size. */
	deltaTopCapsTotal: boolean;
	/** Where delta inserts an empty page with a nextLink (gd#2232, dc#1316): never, before the end of a round that had entries, or in every round. */
	deltaEmptyPages: 'never' | 'end' | 'always';
	/** Delta repeats the last entry of the previous page at the start of the next (delta-query-overview: replays). */
	deltaReplays: boolean;
	/** `$expand` of extended properties in delta answers 500 (gd#2270, gd#1993: 2017-18). Off: it works. */
	deltaExpandFails: boolean;
	/** Folder delta reports a folder whose item counts changed. Off: only created, renamed, moved and deleted ones. */
	folderDeltaReportsCounts: boolean;
	/** Largest page that `Prefer: odata.maxpagesize` gets from message and folder delta (documented nowhere). */
	deltaLargestPage: number;
	/** The body of `/$value` inside `$batch`: a JSON string (OData 4.01 for text/*), or base64 (msgraph-sdk-dotnet-core#22). */
	batchValueBody: 'string' | 'base64';
	/** 8-bit bytes of a MIME body that becomes a JSON string: replaced by U+FFFD as UTF-8 decoding does, or mapped to U+0080..U+00FF. */
	batchEightBit: 'replacement' | 'latin1';
	/** The order of answers in `$batch`: reversed (never the order asked for), or as asked. */
	batchAnswerOrder: 'reversed' | 'asked';
	/** POST of MIME into `mailFolders/{id}/messages`: refused as users report (dc#189), or accepted as documented. */
	mimePostIntoFolder: 'refused' | 'accepted';
	/** MIME drafts over 2.2 MB answer 200 and create nothing (gd#13979). */
	largeMimeDraftsVanish: boolean;
	/** PATCH of subject, body or recipients of a message that is no draft: 400 (`Updatable only if isDraft = true`), or accepted. */
	patchContentOfNonDraft: 'refused' | 'accepted';
	/** Where DELETE takes a folder: its messages into Recoverable Items Deletions one by one, or the folder as it is under Deleted Items. */
	deletedFolderGoesTo: 'recoverableItems' | 'deletedItems';
	/** DELETE of a message: Recoverable Items Deletions, or Deleted Items first. */
	deletedMessageGoesTo: 'recoverableItems' | 'deletedItems';
	/** Upload sessions for attachments of messages that are no drafts: accepted (Corso and Atlas do it), or 400. */
	uploadSessionOnNonDraft: 'accepted' | 'refused';
	/** GET of a contact that lies in Deleted Items or Recoverable Items: it is found by its immutable id, as messages are, or 404. */
	deletedContacts: 'reachable' | 'notFound';
	/** PATCH of parentFolderId of a contact or contact folder: moves it (contact-update.md, contactfolder-update.md list it), does nothing, or 400. */
	contactParentPatch: 'moves' | 'ignored' | 'refused';
	/** `contactFolders/contacts` as a well-known name: used by several clients, documented nowhere. */
	contactFolderByName: 'answers' | 'refused';
	/** `/contacts`: the default folder alone, or all of the mailbox (user-list-contacts.md says both). */
	contactsPath: 'defaultFolder' | 'allFolders';
	/** Hidden contact folders (Recipient Cache and its kin) in lists and delta. */
	hiddenContactFolders: 'omitted' | 'listed';
	/** The photo of a contact as it is given back: the bytes as they were put, or encoded anew. */
	contactPhotoBytes: 'kept' | 'encodedAnew';
	/** The import and export API of mailbox items: there, or absent as in Fairfax and Mooncake, with either answer. */
	mailboxItemApi: 'present' | 'notFound' | 'badRequest';
	/** Ids that `exportItems` takes: also immutable ones, or only those that change with each move (documented nowhere). */
	exportItemIds: 'any' | 'mutableOnly';
	/** The ids in answers of `exportItems`: as they were asked for, or always the mutable form (as EWS did). */
	exportAnswerIds: 'asked' | 'mutable';
	/** So many items of each export of several are silently left out of the answer (seen by CIPP). */
	exportDropsItems: number;
	/** The spelling of an item's error in an export. */
	exportErrorName: 'error' | 'Error';
	/** The id of an imported item in the answer: one that Graph takes, immutable or not, or one that it does not know. */
	importAnswerIds: 'mutable' | 'immutable' | 'foreign';
	/** Folder ids of the import and export API: those of the mail API, or its own. */
	exchangeFolderIds: 'same' | 'own';
	/** Largest import request (documented nowhere). */
	importSizeLimitBytes: number;
	/** `translateExchangeIds` with application permissions: the page's table says not supported, its permissions say otherwise. */
	translateIdsForApplications: 'accepted' | 'refused';
	/** How many requests for a message that was just created answer 404 before it is there (Corso retries these). */
	newMessageNotFoundTimes: number;
	/** What delta of a folder that was deleted answers with its 404: the general code, or the one that Corso knows (graph/errors.go). */
	deletedFolderDeltaCode: 'ErrorItemNotFound' | 'ErrorSyncFolderNotFound';
	/** Times of automatic replies that are not scheduled: the hour at hand and the same one tomorrow (as EWS does), or as they were set. */
	idleReplyTimes: 'rolling' | 'fixed';
	/** Folder delta of a mailbox over its quota (gd#5730 speaks of delta, tried was that of messages): 403 as well, or it answers. */
	overQuotaFolderDelta: 'refused' | 'answers';
	/** `recoverableitemsroot` and its childFolders: they answer (MMR, atlas#141; documented nowhere), or 404. */
	recoverableRoot: 'answers' | 'notFound';
	/** Whether a change of a task's checklist or linked resources counts as one of the task, for its etag and delta; documented nowhere. */
	todoStepsChangeTask: boolean;
	/** Lists and delta of tasks bring `recurrence` (MS365-ToDo#133: often not). A single GET always does. */
	todoListsShowRecurrence: boolean;
	/** `$expand` of a task's relationships: documented for delta and in the description of Graph, or 400. */
	todoExpand: 'works' | 'refused';
	/** `attachments/{id}/$value` of a task: works as described, or 400 (the text only speaks of contentBytes). */
	todoAttachmentValue: 'works' | 'refused';
	/** Whether an application may create lists and tasks: permissions.json says yes, a Learn page says "not supported". */
	todoAppOnlyCreation: 'accepted' | 'refused';
	/** Whether an application may open an upload session on a task: the Learn page says "not supported". */
	todoUploadSession: 'accepted' | 'refused';
	/** completedDateTime in a request: kept, the day of the request in its place, or 400. */
	todoCompletedDate: 'kept' | 'now' | 'refused';
	/** Times of steps in a request: kept as documented, or 400. */
	todoStepTimes: 'kept' | 'refused';
	/** A change to one day of a series gives the series another changeKey and time of change, too (documented nowhere). */
	exceptionChangesMaster: boolean;
	/** From this page size on, pages of events leave some out and show others twice (seen with 1,000: gd#16500). Infinity: never. */
	eventPagesSlipFrom: number;
	/** Lists of events end after the second page as if there were no more (gd#2153). */
	eventNextLinkGoesMissing: boolean;
	/** The cloud knows cancelledOccurrences and exceptionOccurrences (absent from Fairfax and Mooncake). */
	occurrenceListsInCloud: boolean;
	/** GET `/events/{id}` of an event in Deleted Items: it is still there (its immutable id is), or 404. */
	deletedEventsAnswer: boolean;
	/** POST of an event with a transactionId that was used within the hour: 409 (as clients report), or the event made then. */
	repeatedTransactionId: 'conflict' | 'existing';
	/** Largest message that takes attachments (outlook-large-attachments: 35 MB unless the admin raised it). */
	messageSizeLimitBytes: number;
	/** Largest request body (documented REST limit: 4 MB). */
	requestSizeLimitBytes: number;
	/** Items per page when a client names no page size (documented for lists; delta: MMR). */
	defaultPageSize: number;
	/** Lifetime of delta tokens on the tenant's clock. Outlook documents none (`cache size`): unlimited. */
	deltaTokenLifetimeMs: number;
	/** Of SharePoint's resource units: by licences (graph-facts §5). */
	tenantSize: '0-1k' | '1k-5k' | '5k-15k' | '15k-50k' | '50k+';
	/** How SharePoint refuses what is too much; both are documented. */
	sharePointRefusal: 429 | 503;
	/** Resource units of a request to a download or upload URL, which is not Graph's (documented nowhere). */
	driveUrlUnits: number;
	/** An Authorization header on a download or upload URL, always noted in `tenant.leaks`: overlooked (older rclone sends one), or 401 (driveitem-createuploadsession: `might fail`). */
	driveUrlAuthorization: 'overlooked' | 'refused';
	/** How long a download URL is good (documented: a few minutes; Corso assumes an hour). */
	downloadUrlLifetimeMs: number;
	/** `Range` on a download URL: 206, or 200 with everything. */
	downloadRanges: 'honoured' | 'ignored';
	/** Lifetime of drive delta tokens; none is documented. */
	driveDeltaTokenLifetimeMs: number;
	/** parentReference.path of living items in drive delta: there (Corso reads it), or not (documented). */
	driveDeltaParentPath: 'present' | 'absent';
	/** cTag of living items in drive delta: there (clients of OneDrive for Business select it), or not (documented). */
	driveDeltaCTag: 'present' | 'absent';
	/** Download URLs in drive delta: there (Corso selects them), or not. */
	driveDeltaDownloadUrl: 'present' | 'absent';
	/** Deleted entries of drive delta: without a name as documented, with it, `deleted: {}`, name and parent null, a foreign driveId, or neither facet nor parent (od#535, od#561). */
	driveDeletedEntries: 'documented' | 'named' | 'emptyFacet' | 'nullParent' | 'foreignDrive' | 'bare';
	/** A deleted folder: delta tells of everything in it as well, or of the folder alone (documented nowhere). */
	driveDeletedDescendants: 'reported' | 'folderOnly';
	/** The root in rounds that have changes: always told of (msgraph explorer#4052), or only if it changed. */
	driveDeltaRoot: 'always' | 'changedOnly';
	/** Delta tells of the folder as well in which something changed. */
	driveDeltaReportsParents: boolean;
	/** Changes of sharing links are told in delta (gd#7254: not in SharePoint). Grants always are, to those who ask by `Prefer`. */
	driveDeltaReportsLinks: boolean;
	/** What one connection brings of a file, at most (documented nowhere). */
	downloadBytesPerSecond: number;
	/** Hashes of files; single files go without by `hashless`. */
	driveHashes: 'present' | 'absent';
	/** Where Office, PDF, HTML and JPEG files are rewritten on upload (od#935: SharePoint). */
	driveRewrites: 'never' | 'libraries' | 'always';
	/** PATCH of fileSystemInfo makes a version of its own (rclone#1716). */
	datesMakeVersion: boolean;
	/** `versions/{current}/content`: 400, or the content. */
	currentVersionContent: 'refused' | 'answers';
	/** Uploads by path into folders that are not there: they are made, or 404. */
	uploadByPath: 'makesFolders' | 'needsFolders';
	/** Whether Files.ReadWrite.All suffices for upload sessions (the page lists Sites.ReadWrite.All only). */
	uploadSessionRole: 'files' | 'sitesOnly';
	/** Polls of a copy's monitor that still say inProgress. */
	copyPolls: number;
	/** Links for anyone: the tenant's administrator allows them, or 403. */
	anonymousLinks: 'allowed' | 'refused';
	/** Lifetime of delta tokens of lists; none is documented. */
	siteDeltaTokenLifetimeMs: number;
	/** Largest page of list items, in lists and delta (documented nowhere; seen up to 5,000). */
	listLargestPage: number;
	/** GET of one list item brings its fields without `$expand` (seen), or only with it (documented of lists). */
	listItemGetBringsFields: boolean;
	/** Writes to hyperlink and picture columns: 400 (Corso writes text instead), or taken. */
	listLinkWrites: 'refused' | 'accepted';
	/** Writes to location columns: 400 (Corso writes text instead), or taken. */
	listPlaceWrites: 'refused' | 'accepted';
	/** Writes to fields whose name begins with an underscore, such as `_x0031_st`: taken, or not recognized (gd#2609, gd#2740). */
	listUnderscoreWrites: 'accepted' | 'refused';
	/** Rich text as it is given back: within a `div` of the service's, or as it was written. */
	listRichText: 'wrapped' | 'kept';
	/** What a locked site answers: 423 or 403, both with `notAllowed` and `resourceLocked`. */
	lockedSiteAnswer: 423 | 403;
	/** Selecting what User.ReadBasic.All does not show (accountEnabled, assignedLicenses): null, or 403 (documented nowhere). */
	basicUserFields: 'null' | 'refused';
	/** A `$filter` of users by licence and something else at once: answered, or 400 (documented one by one only). */
	combinedUserFilters: 'answered' | 'refused';
	/** Lifetime of access tokens on the tenant's clock (documented: 60 to 90 minutes). */
	accessTokenLifetimeMs: number;
}

export function defaultSwitches(): Switches {
	return {
		throttling: true,
		concurrencyRetryAfterSeconds: 1,
		partialDeltaEntries: true,
		deltaReportsReturns: false,
		deltaTopCapsTotal: true,
		deltaEmptyPages: 'never',
		deltaReplays: false,
		deltaExpandFails: false,
		folderDeltaReportsCounts: true,
		deltaLargestPage: 1000,
		batchValueBody: 'string',
		batchEightBit: 'replacement',
		batchAnswerOrder: 'reversed',
		mimePostIntoFolder: 'refused',
		largeMimeDraftsVanish: false,
		patchContentOfNonDraft: 'refused',
		deletedFolderGoesTo: 'recoverableItems',
		deletedMessageGoesTo: 'recoverableItems',
		uploadSessionOnNonDraft: 'accepted',
		deletedContacts: 'reachable',
		contactParentPatch: 'moves',
		contactFolderByName: 'refused',
		contactsPath: 'defaultFolder',
		hiddenContactFolders: 'omitted',
		contactPhotoBytes: 'kept',
		mailboxItemApi: 'present',
		exportItemIds: 'any',
		exportAnswerIds: 'asked',
		exportDropsItems: 0,
		exportErrorName: 'error',
		importAnswerIds: 'mutable',
		exchangeFolderIds: 'same',
		importSizeLimitBytes: 150 * 1024 * 1024,
		translateIdsForApplications: 'accepted',
		newMessageNotFoundTimes: 0,
		deletedFolderDeltaCode: 'ErrorItemNotFound',
		idleReplyTimes: 'rolling',
		overQuotaFolderDelta: 'refused',
		recoverableRoot: 'answers',
		todoStepsChangeTask: true,
		todoListsShowRecurrence: false,
		todoExpand: 'works',
		todoAttachmentValue: 'works',
		todoAppOnlyCreation: 'accepted',
		todoUploadSession: 'accepted',
		todoCompletedDate: 'kept',
		todoStepTimes: 'kept',
		exceptionChangesMaster: true,
		eventPagesSlipFrom: 1000,
		eventNextLinkGoesMissing: false,
		occurrenceListsInCloud: true,
		deletedEventsAnswer: false,
		repeatedTransactionId: 'conflict',
		messageSizeLimitBytes: 35 * 1024 * 1024,
		requestSizeLimitBytes: 4 * 1024 * 1024,
		defaultPageSize: 10,
		deltaTokenLifetimeMs: Number.POSITIVE_INFINITY,
		tenantSize: '0-1k',
		sharePointRefusal: 429,
		driveUrlUnits: 1,
		driveUrlAuthorization: 'overlooked',
		downloadUrlLifetimeMs: 3_600_000,
		downloadRanges: 'honoured',
		downloadBytesPerSecond: Number.POSITIVE_INFINITY,
		driveDeltaTokenLifetimeMs: Number.POSITIVE_INFINITY,
		driveDeltaParentPath: 'present',
		driveDeltaCTag: 'present',
		driveDeltaDownloadUrl: 'present',
		driveDeletedEntries: 'documented',
		driveDeletedDescendants: 'reported',
		driveDeltaRoot: 'always',
		driveDeltaReportsParents: false,
		driveDeltaReportsLinks: false,
		driveHashes: 'present',
		driveRewrites: 'libraries',
		datesMakeVersion: true,
		currentVersionContent: 'refused',
		uploadByPath: 'makesFolders',
		uploadSessionRole: 'files',
		copyPolls: 1,
		anonymousLinks: 'allowed',
		siteDeltaTokenLifetimeMs: Number.POSITIVE_INFINITY,
		listLargestPage: 5000,
		listItemGetBringsFields: true,
		listLinkWrites: 'refused',
		listPlaceWrites: 'refused',
		listUnderscoreWrites: 'accepted',
		listRichText: 'wrapped',
		lockedSiteAnswer: 423,
		basicUserFields: 'null',
		combinedUserFilters: 'answered',
		accessTokenLifetimeMs: 75 * 60_000,
	};
}
