import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { folded } from '../../base/folded';
import { Wildcards } from '../../base/wildcards';
import { findLibraries, type DriveInfo } from '../../pickers/drive';
import { connectGraph, findDrives, findUsers, type ConnectedGraph, type UsersWanted } from '../../pickers/tenant-users';
import { failedItem, toNodeError } from '../errors';
import { limitOf } from '../limit';
import { SourceListing, type ListedSource } from '../tenant-listing/source-listing';
import { readUserFilters } from '../tenant-listing/user-filters';
import { userNameMatcher } from '../tenant-listing/user-name-matcher';

/**
 * Drive: Get Many for one input item. A OneDrive that cannot be read never hides the others: it comes after them, as an item
 * with `error`, `message` and `details`, whether or not Continue On Fail is on. Failures: Graph's own; that of the first, if
 * none of several OneDrives can be read.
 */
export async function driveItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const wanted = readUserFilters.call(this, itemIndex);
	const signal = this.getExecutionCancelSignal();
	const of = this.getNodeParameter('drivesOf', itemIndex, 'users') as string;
	if (of !== 'users' && of !== 'site') throw new Failure('invalid', `There are no drives of "${of}"`, { nextStep: 'Choose Drives Of anew.' });
	const connected = await connectGraph.call(this, itemIndex, { priority: 'backup', ...(signal ? { signal } : {}) });
	const listing = await SourceListing.open.call(this, itemIndex, 'drive', connected.tenantId, limitOf.call(this, itemIndex));
	if (of === 'users') return await ofUsers.call(this, { itemIndex, wanted, connected, listing });
	const isWanted = libraryMatcher(wanted);
	const { site, libraries } = await findLibraries.call(this, 'driveSite', itemIndex);
	await listing.add(libraries.filter(isWanted).map((drive) => sourceOf(drive, {})));
	// The repository knows the site of a library by its name, which another site may have as well.
	await listing.addGone({ isWanted: ({ id, name }) => name.startsWith(`${site}/`) && isWanted({ id, name, title: name.slice(site.length + 1) }) });
	return listing.items;
}

/** Without a URL, id and names alone count. */
function libraryMatcher({ startsWith = '', names: named = [], exclude: excluded = [] }: UsersWanted): (library: { id: string; name: string; title: string; webUrl?: string }) => boolean {
	const [names, exclude, start] = [new Wildcards(named), new Wildcards(excluded), folded(startsWith)];
	return ({ id, name, title, webUrl }) => folded(title).startsWith(start) && (names.isEmpty || names.matches(title, name)) && !exclude.matches(id, name, title, webUrl);
}

interface UsersListing {
	itemIndex: number;
	wanted: UsersWanted;
	connected: ConnectedGraph;
	listing: SourceListing;
}

/** Drives are asked for in pages of this length, so that a small limit costs few requests. */
const drivesTogether = 20;

async function ofUsers(this: IExecuteFunctions, { itemIndex, wanted, connected, listing }: UsersListing): Promise<INodeExecutionData[]> {
	const signal = this.getExecutionCancelSignal();
	const exclude = new Wildcards(wanted.exclude ?? []);
	const failed: INodeExecutionData[] = [];
	let first: { error: Failure; name: string } | undefined;
	let isAnyReadable = false;
	for await (const page of findUsers(connected, wanted, { signal })) {
		for (let start = 0; start < page.length && !listing.isFull(); start += drivesTogether) {
			const sources: ListedSource[] = [];
			for (const found of await findDrives(connected, page.slice(start, start + drivesTogether), { signal })) {
				const { user } = found;
				if ('failure' in found) {
					first ??= { error: found.failure, name: user.userPrincipalName };
					failed.push(failedItem(found.failure, itemIndex, { name: user.userPrincipalName, details: { user: { ...user } } }));
					continue;
				}
				isAnyReadable = true;
				if (!isExcluded(found.drive, exclude)) sources.push(sourceOf(found.drive, aboutUser(user)));
			}
			await listing.add(sources);
		}
		if (listing.isFull()) break;
	}
	if (first !== undefined && !isAnyReadable && !this.continueOnFail()) throw toNodeError.call(this, first.error, itemIndex, first.name);
	if (failed.length > 0) hintAtUnreadable.call(this, failed.length);
	await listing.addGone({ isWanted: userNameMatcher(wanted) });
	return [...listing.items, ...failed];
}

/** In the editor, the items at the end of a long list are far from the eye. */
function hintAtUnreadable(this: IExecuteFunctions, count: number): void {
	this.addExecutionHints({
		message: count === 1 ? '1 OneDrive could not be read: the last item says which and why.' : `${count} OneDrives could not be read: the last items say which and why.`,
		type: 'warning',
		location: 'outputPane',
	});
}

function aboutUser({ id, displayName, mail, userPrincipalName, ...more }: { id: string; displayName: string; mail?: string; userPrincipalName: string; enabled?: boolean }): IDataObject {
	return { displayName, userId: id, address: mail ?? userPrincipalName, ...(more.enabled !== undefined && { enabled: more.enabled }) };
}

function isExcluded({ id, name, title, webUrl }: DriveInfo, exclude: Wildcards): boolean {
	return exclude.matches(id, name, title, webUrl);
}

function sourceOf({ id, name, title, owner, driveType, webUrl }: DriveInfo, more: IDataObject): ListedSource {
	return { id, json: { id, name, owner, title, driveType, webUrl, ...more } };
}
