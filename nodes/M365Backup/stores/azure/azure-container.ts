import type { BlobServiceClient, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { Failure } from '../../base/failure';
import type { Patience } from '../retry';
import { azureFailure } from './azure-failure';
import { azureLabel, signatureEnds, signatureOf, type AzurePlace, type AzureSettings } from './azure-settings';

/** A client with the place in the container that it is to work on: what all parts of the store share. */
export class AzureContainer {
	readonly label: string;
	readonly client: ContainerClient;
	private readonly secrets: readonly string[];
	private readonly signatureEnds: string | undefined;

	constructor(
		service: BlobServiceClient,
		private readonly place: AzurePlace,
		settings: AzureSettings,
		/** How often passing faults of single requests of a put are tried again. */
		readonly patience: Patience,
	) {
		this.label = azureLabel(settings, place);
		this.client = service.getContainerClient(place.container);
		this.signatureEnds = signatureEnds(settings);
		const signature = new URLSearchParams(signatureOf(settings)).get('sig') ?? '';
		this.secrets = [settings.accountKey.trim(), signatureOf(settings), signature, encodeURIComponent(signature)];
	}

	/** The blob of a key. */
	blob(key: string): BlockBlobClient {
		return this.client.getBlockBlobClient(this.nameOf(key));
	}

	/** The blob's name in the container; also of the beginning of a key. */
	nameOf(key: string): string {
		return this.place.prefix === '' ? key : `${this.place.prefix}/${key}`;
	}

	/** The reverse. */
	keyOf(name: string): string {
		return this.place.prefix === '' ? name : name.slice(this.place.prefix.length + 1);
	}

	failure(error: unknown, doing: string, permission: string): Failure {
		return azureFailure(error, { doing: `${doing} in ${this.label}`, permission, container: this.place.container, secrets: this.secrets, signatureEnds: this.signatureEnds });
	}
}
