import { Failure } from '../base/failure';

export type CloudName = 'global' | 'gccHigh' | 'dod' | 'china' | 'custom';

/** Base URLs without a trailing slash and without `/v1.0`. */
export interface CloudEndpoints {
	loginUrl: string;
	graphUrl: string;
}

/** Microsoft's clouds ("National cloud deployments", Microsoft Graph documentation). GCC uses the global one. */
const clouds: Readonly<Record<Exclude<CloudName, 'custom'>, CloudEndpoints>> = Object.freeze({
	global: { loginUrl: 'https://login.microsoftonline.com', graphUrl: 'https://graph.microsoft.com' },
	gccHigh: { loginUrl: 'https://login.microsoftonline.us', graphUrl: 'https://graph.microsoft.us' },
	dod: { loginUrl: 'https://login.microsoftonline.us', graphUrl: 'https://dod-graph.microsoft.us' },
	china: { loginUrl: 'https://login.chinacloudapi.cn', graphUrl: 'https://microsoftgraph.chinacloudapi.cn' },
});

/** Where a cloud's login and Graph stand. Throws `invalid` for custom URLs that are no URL, or not encrypted off this machine. */
export function cloudEndpoints(name: CloudName, custom?: { loginUrl?: string; graphUrl?: string }): CloudEndpoints {
	if (name !== 'custom') return { ...clouds[name] };
	return {
		loginUrl: withoutPath(checkedUrl(custom?.loginUrl, 'Login URL')),
		graphUrl: checkedUrl(custom?.graphUrl, 'Graph URL').replace(/\/(v1\.0|beta)$/, ''),
	};
}

/** Whether a host name means this machine: the only place where plain http is no leak. */
export function isLoopback(hostName: string): boolean {
	return hostName === 'localhost' || hostName === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostName);
}

function withoutPath(loginUrl: string): string {
	if (new URL(loginUrl).pathname === '/') return loginUrl;
	throw new Failure('invalid', 'The Login URL of the credential must have no path: the tenant is added to it', {
		nextStep: 'Give only the host, e.g. https://login.example.com',
	});
}

function checkedUrl(text: string | undefined, field: string): string {
	const trimmed = (text ?? '').trim();
	const nextStep = `Set ${field} of the credential to an https address, e.g. https://login.example.com`;
	if (!URL.canParse(trimmed)) throw new Failure('invalid', `The ${field} of the credential is not a URL`, { nextStep });
	const url = new URL(trimmed);
	if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
		throw new Failure('invalid', `The ${field} of the credential must be a plain address without user, query or fragment`, {
			nextStep,
		});
	}
	if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
		throw new Failure('invalid', `The ${field} of the credential is not encrypted (https)`, { nextStep });
	}
	return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
