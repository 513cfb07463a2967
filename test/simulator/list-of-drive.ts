import type { ListItemAnswers } from './drive-options';
import type { Drive } from './drive-store';
import { itemJson } from './list-item-json';
import { listItemRoutes } from './list-item-routes';
import type { LibraryList } from './list-library';
import { shapeOf } from './list-query';
import { notFound } from './site-errors';

/** `driveItem/listItem` and `$expand=listItem`: a file as the item of its library. Drives that no site has have none. */
export function listItemsOf(drive: Drive): ListItemAnswers {
	const library = (): LibraryList => {
		const found = drive.tenant.sites.libraryOf(drive);
		if (!found) throw notFound();
		return found;
	};
	return {
		json: (node, _, query) => itemJson(library(), library().itemOf(node), shapeOf(query)),
		answer: (node, request, rest) => {
			const list = library();
			return listItemRoutes(request, list, [String(node.sequence), ...rest], `/sites/${list.site.id}/lists/${list.id}`);
		},
	};
}
