import { GraphError } from './graph-error';

/** Errors as SharePoint words them behind Graph: codes in camel case, unlike Outlook's. */
export function notFound(message = 'The resource could not be found.'): GraphError {
	return new GraphError(404, 'itemNotFound', message);
}

export function invalid(message = 'The request is malformed or incorrect.'): GraphError {
	return new GraphError(400, 'invalidRequest', message);
}

export function denied(): GraphError {
	return new GraphError(403, 'accessDenied', 'Access denied');
}

export function nameTaken(what: string): GraphError {
	return new GraphError(409, 'nameAlreadyExists', `The specified ${what} already exists.`);
}

/** `If-Match` named another state. */
export function stateChanged(): GraphError {
	return new GraphError(412, 'resourceModified', 'The resource has changed since the caller last read it; usually an eTag mismatch.');
}

/** 410 with the URL to start over with (graph-facts §1: `resyncRequired`, and the two documented codes). */
export function resync(code: string, restartUrl: string): GraphError {
	return new GraphError(410, code, "Resync required. Replace any local items with the server's version (including deletes) if you're sure that the service was up to date with your local changes when you last sync'd. Upload any local changes that the server doesn't know about.", { Location: restartUrl });
}
