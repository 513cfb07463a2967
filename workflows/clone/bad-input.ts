/** Something that the caller of the command wrote wrongly; the message says what, and what would be right. */
export class BadInput extends Error {}
