import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchAnswerScanner } from '../../../nodes/M365Backup/graph/batch-reader';
import { cpuTimer } from '../../support/cpu-time';

function scan(bytes: Buffer, cuts: readonly number[]): { texts: string[]; isComplete: boolean } {
	const scanner = new BatchAnswerScanner();
	const texts: string[] = [];
	let from = 0;
	for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
		texts.push(...scanner.push(bytes.subarray(from, cut)));
		from = cut;
	}
	return { texts, isComplete: scanner.isComplete };
}

const responses = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('cutting answers out of a batch', () => {
	it('finds each as JSON.parse would, wherever the network cuts and however it is indented', () => {
		fc.assert(
			fc.property(responses, cuts, fc.constantFrom(undefined, '\t'), (list, places, indent) => {
				const { texts, isComplete } = scan(Buffer.from(JSON.stringify({ '@odata.context': '["{', responses: list }, undefined, indent)), places);
				expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
				expect(isComplete).toBe(true);
			}),
		);
	});

	it('gives only whole ones when the end is missing', () => {
		fc.assert(
			fc.property(responses, cuts, fc.nat(), (list, places, end) => {
				const whole = Buffer.from(JSON.stringify({ responses: list }));
				const { texts, isComplete } = scan(whole.subarray(0, end % whole.length), places);
				expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual((JSON.parse(JSON.stringify(list)) as unknown[]).slice(0, texts.length));
				expect(isComplete).toBe(false);
			}),
		);
	});

	it('never takes long at a time', () => {
		const mime = `line "quoted" \\ ${'x'.repeat(70)}\r\n`.repeat(12_000);
		const bytes = Buffer.from(JSON.stringify({ responses: Array.from({ length: 20 }, (_, id) => ({ id, body: mime })) }));
		const scanner = new BatchAnswerScanner();
		let found = 0;
		let longestMs = 0;
		for (let at = 0; at < bytes.length; at += 65_536) {
			const spentMs = cpuTimer();
			found += [...scanner.push(bytes.subarray(at, at + 65_536))].length;
			longestMs = Math.max(longestMs, spentMs());
		}
		expect(found).toBe(20);
		expect(longestMs).toBeLessThan(200);
	});
});
