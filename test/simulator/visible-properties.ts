import type { GraphRequest } from './exchange';
import { accessDenied } from './graph-error';
import { selectedProperties } from './message-json';
import type { OdataQuery } from './odata-query';

const BODIES = new Set(['body', 'bodyPreview', 'uniqueBody']);

function seesBodies(request: GraphRequest): boolean {
	return request.roles.has('Mail.Read') || request.roles.has('Mail.ReadWrite');
}

/** The selected properties, without what Mail.ReadBasic.All leaves out. */
export function visibleProperties(request: GraphRequest, select: readonly string[] | undefined): readonly string[] {
	const properties = selectedProperties(select);
	return seesBodies(request) ? properties : properties.filter((name) => !BODIES.has(name));
}

/** @throws GraphError 403: Mail.ReadBasic.All shows neither attachments nor extended properties */
export function refuseExpandWithoutBodies(request: GraphRequest, query: OdataQuery): void {
	if (query.expand.length && !seesBodies(request)) throw accessDenied();
}
