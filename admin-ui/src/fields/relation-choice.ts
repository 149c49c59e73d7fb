/** What choosing one record and choosing several have in common: the list of what was found, and how a record is named in it. */
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { displayOf } from '../data/collection.ts';
import type { Row, useChoices } from './relation-search.ts';

interface Choice {
  readonly target: CollectionInfo;
  readonly label: string;
  readonly disabled: boolean | undefined;
  readonly found: ReturnType<typeof useChoices>;
  readonly setOpen: (open: boolean) => void;
}

/** Settings of the Autocomplete. */
export const useChoiceList = ({ target, label, disabled, found, setOpen }: Choice) => {
  const t = useTranslate();
  return {
    onOpen: () => setOpen(true),
    onClose: () => setOpen(false),
    disabled: disabled === true,
    options: [...(found.data?.data ?? [])],
    loading: found.isFetching,
    loadingText: t('app.loading'),
    noOptionsText: found.isError ? found.error.message : t('field.noMatch'),
    openText: t('field.open', { field: label }),
    clearText: t('field.clear', { field: label }),
    closeText: t('field.close', { field: label }),
    // The server has searched already.
    filterOptions: (rows: Row[]) => rows,
    getOptionKey: (row: Row) => row.id,
    getOptionLabel: (row: Row) => displayOf(target, row),
    isOptionEqualToValue: (a: Row, b: Row) => a.id === b.id,
  };
};
