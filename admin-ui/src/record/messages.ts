/** Texts of the history of a record, and of the setting that keeps it. */
export const historyMessages = {
  history: {
    title: 'History',
    none: 'Nothing was written since the history is kept.',
    nobody: 'outside the API',
    created: 'Created',
    updated: 'Changed',
    deleted: 'Deleted',
    facts: '%{at}, %{by}, version %{version}',
    empty: 'empty',
    restore: 'Restore',
    restoreOne: 'Restore version %{version}',
    restored: 'Version %{version} is restored.',
    more: 'Older versions',
    keep: 'Keep the history of records',
    keepNote: 'Who changed what and when, each version to be restored. Turned off, what was kept is deleted.',
    length: 'For how long',
    lengthNote: 'As 90 days or 1 year; empty: for ever.',
  },
};

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
