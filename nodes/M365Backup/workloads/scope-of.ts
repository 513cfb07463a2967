/** `calendar/AAMk…` → `calendar`: what stands before the first slash of a scoped id; '' where there is no slash. */
export function scopeOf(scopedId: string): string {
	const slash = scopedId.indexOf('/');
	return slash < 0 ? '' : scopedId.slice(0, slash);
}
