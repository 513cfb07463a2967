import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ZipArchive } from 'archiver';

/** Directory entries written in one go: some 20 ms. */
const ENTRIES_A_TURN = 250;

/** What the ZIP writer inside archiver 8 (compress-commons 7) is made of, as far as it is needed here. */
interface ZipEngine {
	offset: number;
	_entries: unknown[];
	_archive: { centralOffset: number; centralLength: number; processing: boolean; finish: boolean; finished: boolean };
	_finish(): void;
	_writeCentralFileHeader(entry: unknown): void;
	_writeCentralDirectoryZip64(): void;
	_writeCentralDirectoryEnd(): void;
	isZip64(): boolean;
	writableNeedDrain: boolean;
	destroyed: boolean;
	once(event: 'drain' | 'close', listener: () => void): void;
	end(): void;
	destroy(error: unknown): void;
}

/**
 * Makes the ZIP writer put its directory out in slices. By itself it writes the whole of it in one synchronous stretch,
 * five seconds for 70,000 entries, in which n8n would answer nobody. It has no setting for that, so that its own step is
 * replaced by the same one with pauses; the version of archiver is pinned, and the tests read what comes out.
 */
export function writeDirectoryInSlices(zip: ZipArchive): void {
	const { engine } = (zip as unknown as { _module: { engine: ZipEngine } })._module;
	engine._finish = () => {
		engine._archive.finish = true;
		finish(engine).catch((error: unknown) => engine.destroy(error));
	};
}

async function finish(engine: ZipEngine): Promise<void> {
	const archive = engine._archive;
	archive.centralOffset = engine.offset;
	for (let start = 0; start < engine._entries.length; start += ENTRIES_A_TURN) {
		for (const entry of engine._entries.slice(start, start + ENTRIES_A_TURN)) engine._writeCentralFileHeader(entry);
		await nextTurn();
		if (engine.writableNeedDrain) await drained(engine);
		if (engine.destroyed) return;
	}
	archive.centralLength = engine.offset - archive.centralOffset;
	if (engine.isZip64()) engine._writeCentralDirectoryZip64();
	engine._writeCentralDirectoryEnd();
	archive.processing = false;
	archive.finished = true;
	engine.end();
}

function drained(engine: ZipEngine): Promise<void> {
	return new Promise((resolve) => {
		engine.once('drain', resolve);
		engine.once('close', resolve);
	});
}
