import type { DriveNode } from './drive-node';

/** `sharing`: who may see it changed, and nothing else. */
export type DriveChange = 'changed' | 'sharing';

/** What happened in a drive since somebody first asked for its delta: a token is a position in it. */
export class DriveLog {
	private readonly entries: DriveNode[] = [];
	private isObserved = false;

	/** Before the first token there is nobody to tell, and nothing is kept. */
	observe(): number {
		this.isObserved = true;
		return this.entries.length;
	}

	get end(): number {
		return this.entries.length;
	}

	append(node: DriveNode, change: DriveChange): void {
		if (!this.isObserved) return;
		node.lastLogged = this.entries.length;
		if (change === 'sharing') node.lastShared = node.lastLogged;
		else node.lastChanged = node.lastLogged;
		this.entries.push(node);
	}

	/** Up to `limit` things from `position` on, each once, where its latest entry stands. */
	page(position: number, limit: number, isTold: (node: DriveNode) => boolean): { nodes: DriveNode[]; position: number; isLast: boolean } {
		const nodes: DriveNode[] = [];
		let at = position;
		const counts = (index: number): boolean => this.entries[index]!.lastLogged === index && isTold(this.entries[index]!);
		for (; at < this.entries.length && nodes.length < limit; at++) if (counts(at)) nodes.push(this.entries[at]!);
		while (at < this.entries.length && !counts(at)) at++;
		return { nodes, position: at, isLast: at >= this.entries.length };
	}
}
