import { Failure } from '../base/failure';
import { isLoopback } from './clouds';

/**
 * An address that Graph gave to send to or to fetch from without a token, since it carries its own key.
 *
 * @param what for messages: `an upload address`
 * @param httpIsFine where Graph itself is asked over http, as in tests
 * @throws Failure `corrupt` for what is no URL, or not encrypted: nothing was sent
 */
export function preauthorisedAddress(url: string, what: string, httpIsFine = false): URL {
	const target = URL.canParse(url) ? new URL(url) : undefined;
	if (target?.protocol === 'https:') return target;
	if (target?.protocol === 'http:' && (httpIsFine || isLoopback(target.hostname))) return target;
	throw new Failure('corrupt', `Microsoft Graph gave ${what} that is not encrypted; nothing was sent`, { code: 'unencryptedLink' });
}
