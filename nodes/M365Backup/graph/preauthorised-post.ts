import { preauthorisedAddress } from './preauthorised-address';
import { readJson } from './readers';
import type { Sender } from './sender';
import type { UploadOptions } from './upload';

/**
 * POST of JSON to a URL that carries its own key (`importUrl` of `createImportSession`), without a token. The URL itself
 * shows up in no message. Sent once: after a lost answer the effect may be there, and whoever asked must look.
 *
 * @param body JSON, ready made: large ones are put together by the caller.
 * @throws Failure `denied` for a key that does not hold, and what else the service says
 */
export async function preauthorisedPost(sender: Sender, url: string, body: Buffer, options: UploadOptions): Promise<unknown> {
	const target = preauthorisedAddress(url, 'an import address');
	return await sender.sendWithoutToken({
		method: 'POST',
		url,
		path: `(import to ${target.host})`,
		headers: { 'Content-Type': 'application/json' },
		body,
		signal: options.signal,
		mailbox: options.mailbox,
		repeatable: false,
		read: readJson,
	});
}
