/** Run as a child process with NODE_EXTRA_CA_CERTS: what a real client library makes of the simulated login and Graph. */
import { ConfidentialClientApplication, type Configuration } from '@azure/msal-node';
import { Client } from '@microsoft/microsoft-graph-client';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
	loginUrl: string;
	graphUrl: string;
	tenant: string;
	clientId: string;
	clientSecret?: string;
	certificate?: { privateKey: string; thumbprintSha256: string };
	mailbox: string;
};
const auth: Configuration['auth'] = { clientId: settings.clientId, authority: `${settings.loginUrl}/${settings.tenant}`, knownAuthorities: [new URL(settings.loginUrl).host] };
if (settings.clientSecret !== undefined) auth.clientSecret = settings.clientSecret;
if (settings.certificate !== undefined) auth.clientCertificate = settings.certificate;
try {
	const result = await new ConfidentialClientApplication({ auth }).acquireTokenByClientCredential({ scopes: [`${settings.graphUrl}/.default`] });
	const client = Client.init({
		baseUrl: `${settings.graphUrl}/`,
		defaultVersion: 'v1.0',
		customHosts: new Set([new URL(settings.graphUrl).hostname]),
		authProvider: (done) => done(null, result?.accessToken ?? null),
	});
	const messages = (await client.api(`/users/${settings.mailbox}/messages`).select('subject').get()) as { value: { subject: string }[] };
	console.log(JSON.stringify({ expiresOn: result?.expiresOn, subjects: messages.value.map(({ subject }) => subject) }));
} catch (error) {
	console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
}
