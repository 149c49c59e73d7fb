/** What is said of a record that somebody else changes while it is open. */
export const meanwhileMessages = {
  meanwhile: {
    changed: 'Somebody else has just changed this to:',
    emptied: 'Somebody else has just emptied this.',
    take: 'Take theirs',
    keep: 'Keep mine',
    takeOf: 'Take theirs: %{field}',
    keepOf: 'Keep mine: %{field}',
    gone: 'Somebody else has deleted this record',
    goneNote: 'It cannot be saved any more. What you typed is still here, so that you can copy it.',
  },
};
