/** What was typed into a list of words: several at once have commas or spaces between them, and none stands there twice. */
export const wordsOf = (typed: readonly string[]): readonly string[] => [
  ...new Set(typed.flatMap((text) => text.split(/[\s,;]+/)).filter((word) => word !== '')),
];
