import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { Repository } from '../../connect/repository';
import type { FoundItem, SearchOptions, SearchQuery } from '../../engine/search';
import type { FoundInHistory } from '../../engine/search-history';
import { chosenSnapshots, type ChosenSnapshots } from '../../pickers/snapshot';
import { useCases } from '../use-cases';
import { readChanges, readQuery, refuseEmptyConditions } from './read-query';

/** A search as the parameters of one input item describe it. */
export interface ItemSearch extends ChosenSnapshots {
	query: SearchQuery;
	/** Without a condition it finds everything. */
	hasCondition: boolean;
	/** What is found may come from other snapshots than `snapshot`. */
	isAcrossSnapshots: boolean;
	found(options: SearchOptions): AsyncIterable<FoundItem | FoundInHistory>;
}

/** Failures: invalid (a date), notFound (snapshot). */
export async function itemSearch(this: IExecuteFunctions, repository: Repository, sourceKey: string, itemIndex: number): Promise<ItemSearch> {
	const chosen = await chosenSnapshots.call(this, repository, sourceKey, itemIndex);
	const query = readQuery.call(this, itemIndex);
	const changes = readChanges.call(this, itemIndex);
	const { snapshot, all } = chosen;
	const isAcrossSnapshots = all || Object.keys(changes).length > 0;
	const { types: _types, includeSubfolders: _includeSubfolders, ...conditions } = query;
	return {
		...chosen,
		query,
		hasCondition: Object.keys(conditions).length + Object.keys(changes).length > 0,
		isAcrossSnapshots,
		found: (options) =>
			isAcrossSnapshots
				? useCases.searchHistory(repository, sourceKey, { upTo: snapshot, all, ...changes }, query, options)
				: useCases.searchSnapshot(repository, snapshot, query, options),
	};
}

/**
 * For what gives things out or puts them back. Failures: as `itemSearch`; invalid: without a condition, or with one that is
 * empty, the search would find everything, most likely because an expression gave nothing.
 */
export async function narrowSearch(
	this: IExecuteFunctions,
	repository: Repository,
	sourceKey: string,
	itemIndex: number,
	shownSelection: string,
): Promise<ItemSearch> {
	const search = await itemSearch.call(this, repository, sourceKey, itemIndex);
	if (!search.hasCondition) {
		throw new Failure('invalid', 'The search has no condition, so it would find everything', {
			nextStep: `Add a condition to Search, or set ${shownSelection} to Everything or Kind.`,
		});
	}
	refuseEmptyConditions.call(this, itemIndex);
	return search;
}
