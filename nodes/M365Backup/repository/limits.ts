/**
 * What a file of a repository may at most hold. A repository may come from anywhere (a copy, somebody's USB disk), so
 * each reader stops at a limit instead of filling memory. All are far above what this software writes.
 */

/** snapshot.json, repository.json, a lease. Written ones stay under 100 KB. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** cursor.json holds one link for each mail folder; ten thousand folders make about 10 MB. */
export const MAX_CURSOR_BYTES = 64 * 1024 * 1024;
/** One catalog line. A message to 10,000 named recipients has about 1 MB. */
export const MAX_LINE_CHARS = 16 * 1024 * 1024;
/** One gzip member as stored, and what it may unpack to: stops decompression bombs. */
export const MAX_MEMBER_BYTES = 64 * 1024 * 1024;
export const MAX_MEMBER_TEXT_BYTES = 64 * 1024 * 1024;
/** The index of a segment, unpacked, and its lines: ten million items make 4 MB. Many are read side by side. */
export const MAX_INDEX_TEXT_BYTES = 32 * 1024 * 1024;
export const MAX_INDEX_LINES = 200_000;
/** Lines in one member; written ones have 500. */
export const MAX_MEMBER_LINES = 100_000;
/** Segments, scopes or archives that one record may name. */
export const MAX_LIST_LENGTH = 100_000;
/** Segments of one snapshot, which are read side by side. Each is at least half as long as all newer ones: 54 are enough for ever. */
export const MAX_SEGMENTS = 1000;
/** How deep the JSON of a catalog line goes: whoever walks it must not run out of stack. Written ones go 10 deep. */
export const MAX_LINE_DEPTH = 100;
/** What one byte of deflate can at most become (zlib's own documentation). Whoever promises more is forging. */
export const MAX_DEFLATE_RATIO = 1032;
/** Files that one part of a copy's ledger can list, and its text. */
export const MAX_LEDGER_LINES = 1_000_000;
export const MAX_LEDGER_TEXT_BYTES = 256 * 1024 * 1024;
/** The directory at the end of an archive, and its entries. Written ones have at most 2,500, one of ours takes up to 300 bytes. */
export const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;
export const MAX_DIRECTORY_ENTRIES = 200_000;
/** An archive's own list of its items, unpacked. It is read as a stream: this only stops bombs. */
export const MAX_ARCHIVE_LIST_BYTES = 4 * 1024 * 1024 * 1024;
/** Contents of one item. */
export const MAX_CONTENTS = 10_000;
/** Characters in an id, a name or a link. */
export const MAX_TEXT_CHARS = 65_536;
/** The longest name a ZIP local header can carry. */
export const MAX_ENTRY_NAME_BYTES = 65_535;

/** What this software writes. */
export const MEMBER_LINES = 500;
export const MEMBER_TEXT_CHARS = 2 * 1024 * 1024;
export const SPILL_LINES = 50_000;
/** Lines may be long: memory is bounded by text as well as by count. */
export const SPILL_TEXT_CHARS = 8 * 1024 * 1024;
export const VOLUME_BYTES = 100 * 1024 * 1024;
/** The ZIP writer remembers every entry and writes its directory in one synchronous stretch: 2,500 take some 40 ms. */
export const VOLUME_ENTRIES = 2500;
export const RECORDED_FAILURES = 100;
