/** The pages of one collection, side by side. */
import { Tab, Tabs } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { isSystem } from '../data/collection.ts';

export type CollectionTab = 'records' | 'fields' | 'rules' | 'sign-in' | 'indexes' | 'api';
const TABS: readonly CollectionTab[] = ['records', 'fields', 'rules', 'indexes', 'api'];
const ACCOUNT_TABS: readonly CollectionTab[] = ['records', 'fields', 'rules', 'sign-in', 'indexes', 'api'];
const SYSTEM_TABS: readonly CollectionTab[] = ['records', 'fields'];

const addressOf = (name: string, tab: CollectionTab): string => (tab === 'records' ? `/${name}` : `/-/collections/${name}/${tab}`);

export const CollectionTabs = ({ collection, current }: { collection: CollectionInfo; current: CollectionTab }) => {
  const t = useTranslate();
  return (
    <Tabs
      value={current}
      variant="scrollable"
      scrollButtons={false}
      aria-label={t('tabs.label', { collection: collection.name })}
      sx={{ mb: 2, borderBottom: 1, borderColor: 'divider' }}
    >
      {(isSystem(collection) ? SYSTEM_TABS : collection.kind === 'auth' ? ACCOUNT_TABS : TABS).map((tab) => (
        <Tab key={tab} value={tab} label={t(`tabs.${tab}`)} component={Link} to={addressOf(collection.name, tab)} />
      ))}
    </Tabs>
  );
};
