import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContentSource } from './drive-urls';
import type { Breakage } from './exchange';

const PIECE_BYTES = 256 * 1024;

/** Sends bytes as the client takes them, never more than a piece ahead nor faster than is allowed. A breakage ends it early. */
export async function streamContent(response: ServerResponse, { content, from, to }: ContentSource, bytesPerSecond: number, breakage: Breakage | undefined): Promise<void> {
	const lengthBytes = to - from;
	const end = breakage === undefined || breakage.kind === 'reset' ? to : from + (breakage.kind === 'resetHalfway' ? Math.floor(lengthBytes / 2) : Math.min(breakage.atByte, lengthBytes));
	const startedMs = performance.now();
	for (let at = from; at < end && !response.destroyed; ) {
		const earlyMs = (1000 * (at - from)) / bytesPerSecond - (performance.now() - startedMs);
		if (earlyMs >= 1) await delay(earlyMs);
		const piece = content.read(at, Math.min(PIECE_BYTES, end - at));
		at += piece.length;
		if (!response.write(piece)) await drained(response);
	}
	if (breakage && breakage.kind !== 'silentTruncate') {
		// What was written is on its way before the connection goes.
		await new Promise<void>((resolve) => {
			response.write('', () => resolve());
			setTimeout(resolve, 50);
		});
		response.destroy();
	} else response.end();
}

async function drained(response: ServerResponse): Promise<void> {
	await new Promise<void>((resolve) => {
		const done = (): void => {
			response.off('drain', done);
			response.off('close', done);
			resolve();
		};
		response.once('drain', done);
		response.once('close', done);
	});
}
