/** Restores into one mailbox take turns, as all restores into one place do. */
export { takeTurn } from '../../restore-turns';
