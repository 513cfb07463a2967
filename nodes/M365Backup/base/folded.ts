/** A text for comparing what people type with what is stored: whatever its case, and umlauts in one sign (NFC). */
export function folded(text: string): string {
	return text.normalize('NFC').toLocaleLowerCase('en');
}
