import type { JsonObject } from '../../base/json';
import type { ChangePage, EnumerationInput } from '../workload';
import type { Web } from './site-run';

/** The sites below a site, where they are backed up, too. */
export interface Subsites {
	enumerate(web: Web, input: EnumerationInput): AsyncIterable<ChangePage>;
	/** What a site's notes keep of those below it. */
	notesOf(web: Web): JsonObject;
}
