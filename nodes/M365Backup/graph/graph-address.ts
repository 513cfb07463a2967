import { Failure } from '../base/failure';

/**
 * Turns paths and links into addresses and refuses those that leave Graph, so that no token can follow them.
 * Links of Graph are used verbatim: their tokens encode the query.
 */
export class GraphAddress {
	/** `https://graph.microsoft.com/v1.0` */
	readonly baseUrl: string;
	readonly origin: string;

	constructor(graphUrl: string) {
		this.baseUrl = `${graphUrl.replace(/\/+$/, '').replace(/\/v1\.0$/, '')}/v1.0`;
		this.origin = new URL(this.baseUrl).origin;
	}

	/** The absolute address of a path relative to /v1.0, or of a link. Throws `invalid`, code `foreignLink`. */
	absolute(pathOrLink: string): string {
		if (pathOrLink.startsWith('/') && !pathOrLink.startsWith('//')) return this.baseUrl + pathOrLink;
		if (!this.isOwn(pathOrLink)) throw foreignLink('invalid');
		return pathOrLink;
	}

	/** The path relative to /v1.0: for `$batch`, for quotas and for messages. Throws `invalid`, code `foreignLink`. */
	relative(pathOrLink: string): string {
		if (pathOrLink.startsWith('/') && !pathOrLink.startsWith('//')) return pathOrLink;
		if (!this.isOwn(pathOrLink)) throw foreignLink('invalid');
		return pathOrLink.startsWith(`${this.baseUrl}/`) ? pathOrLink.slice(this.baseUrl.length) : pathOfOtherVersion(pathOrLink);
	}

	/** Whether an absolute address has Graph's scheme, host and port. */
	isOwn(url: string): boolean {
		return URL.canParse(url) && new URL(url).origin === this.origin;
	}

	/** A link out of an answer; undefined stays undefined. Throws `corrupt`, code `foreignLink`. */
	checkedLink(link: unknown): string | undefined {
		if (link === undefined || link === null) return undefined;
		if (typeof link !== 'string' || !this.isOwn(link)) throw foreignLink('corrupt');
		return link;
	}
}

export function foreignLink(kind: 'invalid' | 'corrupt' | 'expiredCursor'): Failure {
	return new Failure(kind, 'A link leads away from the Microsoft Graph host of the credential and was not followed', {
		code: 'foreignLink',
		nextStep: 'If the credential now points at another cloud, nothing needs to be done: everything is enumerated anew',
	});
}

function pathOfOtherVersion(link: string): string {
	const url = new URL(link);
	return url.pathname.replace(/^.*?\/(v1\.0|beta)(?=\/)/, '') + url.search;
}
