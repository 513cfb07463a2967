import { createHash } from 'node:crypto';
import type { Ambient } from '../../base/ambient';
import type { Failure } from '../../base/failure';
import type { JsonObject } from '../../base/json';
import type { GraphClient } from '../../graph/client';
import type { PartName } from '../join-parts';
import type { Fetched } from '../workload';
import type { SiteOptions } from './site-options';

/** A site or subsite as this run goes through it. */
export interface Web {
	siteId: string;
	guid: string;
	/** Display names before its own containers, in archives and scopes: none for the main site. */
	path: readonly string[];
	/** Container that its containers stand in, which is its own; undefined for the main site: they stand at the top. */
	parent: string | undefined;
	/** Of a subsite: the container that its own one stands in. */
	above: string | undefined;
}

/** What all parts of a site share. */
export interface SiteRun {
	graph: GraphClient;
	ambient: Ambient;
	options: SiteOptions;
}

/** Of a scope: `Lists/Projects`, with the subsite before it. */
export function titleOf(web: Web, ...names: readonly string[]): string {
	return [...web.path, ...names].join('/');
}

/** `list-<guid>/root`: the container at the top of a scope. */
export function rootOf(scope: string): string {
	return `${scope}/root`;
}

export function graphIdIn(id: string): string {
	return id.slice(id.indexOf('/') + 1);
}

/** Short, and the same for the same content. */
export function fingerprint(value: JsonObject): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
}

/** For a warning: what could not be read, why, and what to do. */
export function trouble({ title }: Pick<PartName, 'title'>, failure: Failure): string {
	return [`${title}: ${failure.title ?? failure.message}`, failure.nextStep].filter((text) => text !== undefined).join('. ');
}

/** Content that is at hand already. */
export function fetchedBytes(id: string, bytes: Buffer): Fetched {
	return { id, content: once(bytes), sizeBytes: bytes.length };
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield await Promise.resolve(bytes);
}
