import { Agent as HttpsAgent } from 'node:https';
import { getCACertificates } from 'node:tls';
import { AnonymousCredential, BlobServiceClient, newPipeline, StorageSharedKeyCredential } from '@azure/storage-blob';
import { checkSettings, serviceOf, signatureOf, type AzureSettings } from './azure-settings';

const SOCKETS = 64;

/** Makes no request. Throws an `invalid` Failure if the settings cannot work. */
export function createAzureClient(settings: AzureSettings): BlobServiceClient {
	checkSettings(settings);
	const isKey = settings.authentication === 'accountKey';
	const credential = isKey ? new StorageSharedKeyCredential(settings.account.trim(), settings.accountKey.trim()) : new AnonymousCredential();
	// Trying again is ours: it can be cancelled, and a lost answer is looked into first.
	const pipeline = newPipeline(credential, { retryOptions: { maxTries: 1 } });
	const agent = agentFor(settings);
	if (agent) {
		pipeline.factories.push({
			create: (next) => ({
				sendRequest: async (request) => {
					request.agent = agent;
					return await next.sendRequest(request);
				},
			}),
		});
	}
	const service = serviceOf(settings);
	return new BlobServiceClient(isKey ? service : `${service}?${signatureOf(settings)}`, pipeline);
}

/** Only where it has to trust somebody of its own: the SDK's agents know of proxies. */
function agentFor({ caCertificate, ...settings }: AzureSettings): HttpsAgent | undefined {
	if (caCertificate.trim() === '' || !serviceOf(settings).startsWith('https:')) return undefined;
	return new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS, ca: [...getCACertificates('default'), caCertificate] });
}
