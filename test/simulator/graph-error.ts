/** An answer that is an error, thrown from anywhere below the routes. */
export class GraphError extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		message: string,
		readonly headers: Record<string, string> = {},
		/** Of `innerError`, where the service says more. */
		readonly innerCode?: string,
	) {
		super(message);
	}
}

export function itemNotFound(): GraphError {
	return new GraphError(404, 'ErrorItemNotFound', 'The specified object was not found in the store., The process failed to get the correct properties.');
}

export function malformedId(): GraphError {
	return new GraphError(400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
}

export function badRequest(message: string, code = 'BadRequest'): GraphError {
	return new GraphError(400, code, message);
}

export function accessDenied(message = 'Access is denied. Check credentials and try again.'): GraphError {
	return new GraphError(403, 'ErrorAccessDenied', message);
}
