/** `agenda.final.pdf` → `agenda.final` and `.pdf`: the archive puts its mark between them. */
export function splitExtension(name: string): { base: string; extension: string } {
	const match = /^(.+)(\.[A-Za-z0-9]{1,8})$/.exec(name.trim());
	return match?.[1] === undefined || match[2] === undefined ? { base: name.trim() || 'attachment', extension: '' } : { base: match[1], extension: match[2] };
}
