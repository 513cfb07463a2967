import type { Reporter, TestModule } from 'vitest/node';

/** Prints why each skipped test was skipped, so that no hole in a run goes unseen. */
export default class SkipReporter implements Reporter {
	onTestRunEnd(modules: readonly TestModule[]): void {
		for (const module of modules) {
			for (const test of module.children.allTests('skipped')) {
				const result = test.result();
				const reason = ('note' in result ? result.note : undefined) ?? 'no reason given';
				console.log(`skipped: ${test.fullName} (${reason})`);
			}
		}
	}
}
