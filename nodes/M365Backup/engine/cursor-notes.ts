/** What the engine itself notes in a cursor, beside the workload's own notes. */

/** Item id → attempts of items that failed. */
export const ATTEMPTS_NOTE = 'attempts';
/** The catalog may hold items that the links know nothing of. */
export const IN_DOUBT_NOTE = 'inDoubt';
/** The catalog was rebuilt from archives: what the next enumeration finds deleted may have been so for years. */
export const REBUILT_NOTE = 'rebuilt';
/** What was usual lately, for whatever looks unusual. */
export const USUAL_NOTE = 'usual';
/** Until when the files are locked that the newest snapshot needs: see `LockNote`. */
export const LOCKS_NOTE = 'locks';
