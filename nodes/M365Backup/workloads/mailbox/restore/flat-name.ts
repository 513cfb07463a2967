/** The name of what cannot stand below a path, a calendar or a task list: `['Restored', '2026']`, `Work` → `Restored - 2026 - Work`. */
export function flatName(path: readonly string[], name: string): string {
	return [...path, name].join(' - ');
}
