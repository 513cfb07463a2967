export interface ImageKind {
	extension: string;
	mediaType: string;
	/** As vCard 3.0 names it. */
	vcardType: string;
}

const KINDS: readonly { magic: readonly number[]; kind: ImageKind }[] = [
	{ magic: [0xff, 0xd8, 0xff], kind: { extension: '.jpg', mediaType: 'image/jpeg', vcardType: 'JPEG' } },
	{ magic: [0x89, 0x50, 0x4e, 0x47], kind: { extension: '.png', mediaType: 'image/png', vcardType: 'PNG' } },
	{ magic: [0x47, 0x49, 0x46, 0x38], kind: { extension: '.gif', mediaType: 'image/gif', vcardType: 'GIF' } },
	{ magic: [0x42, 0x4d], kind: { extension: '.bmp', mediaType: 'image/bmp', vcardType: 'BMP' } },
];

const JPEG: ImageKind = { extension: '.jpg', mediaType: 'image/jpeg', vcardType: 'JPEG' };

/** What sort of picture it is, by its first bytes; Exchange itself makes JPEGs. */
export function imageKind(bytes: Uint8Array): ImageKind {
	return KINDS.find(({ magic }) => magic.every((byte, at) => bytes[at] === byte))?.kind ?? JPEG;
}
