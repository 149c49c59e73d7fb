/** A collection's structure and rules: one page, one draft, one Save; the tabs are views of the same draft. */
import { useState } from 'react';
import { Alert, Box, Button, Chip, Tab, Tabs, TextField } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { NotFound } from '../app/NotFound.tsx';
import { isSystem, labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';
import { RulesTab } from '../rules/RulesTab.tsx';
import { RuleWorldProvider } from '../rules/world.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { CollectionTabs, type CollectionTab } from './CollectionTabs.tsx';
import { DeleteCollection } from './DeleteCollection.tsx';
import { FieldsTab } from './FieldsTab.tsx';
import { FieldTable } from './FieldTable.tsx';
import { IndexesTab } from './IndexesTab.tsx';
import { PlanDialog } from './PlanDialog.tsx';
import { SignInTab } from './SignInTab.tsx';
import { messageAt, useCollectionDraft, type CollectionDraft } from './use-collection-draft.ts';

const PARTS = ['fields', 'rules', 'indexes'] as const;
type Part = (typeof PARTS)[number] | 'sign-in';
const partOf = (text: string | undefined, isAccounts = false): Part =>
  isAccounts && text === 'sign-in' ? 'sign-in' : (PARTS.find((part) => part === text) ?? 'fields');

export const CollectionEditorPage = () => {
  const { name, tab } = useParams();
  const collections = useCollections();
  // While a rename is on its way the address still says the old name: the id finds the collection.
  const [id, setId] = useState<string | null>(null);
  if (name === undefined) return <Editor key="new" collection={null} part={partOf(tab)} />;
  const collection = collections.find((one) => one.name === name) ?? collections.find((one) => one.id === id);
  if (!collection) return <NotFound />;
  if (collection.id !== id) setId(collection.id);
  if (isSystem(collection)) return <SystemCollection collection={collection} />;
  return <Editor key={collection.id} collection={collection} part={partOf(tab, collection.kind === 'auth')} />;
};

const SystemCollection = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  return (
    <>
      <PageHeader title={labelOf(collection)} />
      <CollectionTabs collection={collection} current="fields" />
      <Alert severity="info" sx={{ mb: 2 }}>
        {t('schema.systemNote')}
      </Alert>
      <FieldTable title={t('tabs.fields')} fields={[...collection.systemFields, ...collection.fields]} />
    </>
  );
};

const Editor = ({ collection, part }: { collection: CollectionInfo | null; part: Part }) => {
  const t = useTranslate();
  const notify = useNotify();
  const navigate = useNavigate();
  const state = useCollectionDraft(collection);
  const { draft, errors } = state;
  const save = async (confirm?: string) => {
    const saved = await state.save(confirm);
    if (saved === null) return;
    notify(t(collection ? 'schema.saved' : 'schema.created', { collection: saved }), { type: 'success' });
    navigate(collection ? `/-/collections/${saved}/${part}` : `/${saved}`, { replace: collection !== null });
  };
  return (
    <>
      <PageHeader title={collection ? labelOf(collection) : t('schema.newCollection')}>
        {state.dirty && collection ? <Button onClick={state.discard}>{t('schema.discard')}</Button> : null}
        {collection ? null : (
          <Button component={Link} to="/" onClick={state.discard}>
            {t('app.cancel')}
          </Button>
        )}
        <Button variant="contained" disabled={state.busy || !state.dirty} onClick={() => void save()}>
          {t('schema.save')}
        </Button>
      </PageHeader>
      {collection ? <CollectionTabs collection={collection} current={part} /> : null}
      <Notices state={state} />
      {collection && collection.kind === 'auth' ? (
        <Chip size="small" label={t('schema.accounts')} sx={{ mb: 2, alignSelf: 'flex-start' }} />
      ) : (
        <TextField
          label={t('schema.name')}
          value={draft.name}
          autoFocus={collection === null}
          onChange={(event) => state.change({ ...draft, name: event.target.value }, '/name')}
          error={messageAt(errors, '/name') !== undefined}
          helperText={messageAt(errors, '/name') ?? t('schema.nameNote')}
          sx={{ maxWidth: 420, mb: 2 }}
          slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none' } }}
        />
      )}
      {collection ? null : <NewTabs part={part} />}
      <RuleWorldProvider saved={collection} draft={draft}>
        {part === 'fields' ? <FieldsTab collection={collection} state={state} /> : null}
        {part === 'rules' ? <RulesTab collection={collection} state={state} /> : null}
        {part === 'sign-in' ? <SignInTab state={state} /> : null}
        {part === 'indexes' ? <IndexesTab collection={collection} state={state} /> : null}
      </RuleWorldProvider>
      {collection && collection.kind !== 'auth' && part === 'fields' ? <DeleteCollection collection={collection} /> : null}
      {state.plan ? (
        <PlanDialog plan={state.plan} busy={state.busy} onCancel={state.dismissPlan} onConfirm={() => void save(state.plan?.hash)} />
      ) : null}
    </>
  );
};

const NewTabs = ({ part }: { part: CollectionTab }) => {
  const t = useTranslate();
  return (
    <Tabs value={part} sx={{ mb: 2, borderBottom: 1, borderColor: 'divider' }}>
      {PARTS.map((one) => (
        <Tab key={one} value={one} label={t(`tabs.${one}`)} component={Link} to={`/-/new-collection/${one}`} />
      ))}
    </Tabs>
  );
};

const Notices = ({ state }: { state: CollectionDraft }) => {
  const t = useTranslate();
  return (
    <>
      {state.overtaken ? (
        <Alert
          severity="warning"
          sx={{ mb: 2 }}
          action={
            <>
              <Button color="inherit" onClick={state.keepMine}>
                {t('schema.keepMine')}
              </Button>
              <Button color="inherit" onClick={state.discard}>
                {t('schema.takeTheirs')}
              </Button>
            </>
          }
        >
          {t('schema.overtaken')}
        </Alert>
      ) : null}
      {state.refusal !== null ? (
        <Alert severity="error" sx={{ mb: 2 }}>
          {state.refusal}
        </Alert>
      ) : null}
      {state.errors.length > 0 ? (
        <Alert severity="error" sx={{ mb: 2 }}>
          {t('schema.refused')}
          <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
            {state.errors.map((error) => (
              <li key={`${error.pointer} ${error.code}`}>{`${nameOf(state, error.pointer, t)}: ${error.message}`}</li>
            ))}
          </Box>
        </Alert>
      ) : null}
    </>
  );
};

/** `/fields/2/max` → `title › max`: the person does not count fields. */
const nameOf = ({ draft }: CollectionDraft, pointer: string, t: ReturnType<typeof useTranslate>): string => {
  const [, part = '', index = '', ...rest] = pointer.split('/');
  if (part === 'fields')
    return [draft.fields[Number(index)]?.def.name || t('schema.fieldNumber', { number: Number(index) + 1 }), ...rest].join(' › ');
  return [part, index, ...rest].filter((text) => text !== '').join(' › ');
};
