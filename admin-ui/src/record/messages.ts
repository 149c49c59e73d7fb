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
