/**
 * Every page behind the sign-in. Resources follow the live schema: their list, create and edit are constants of modules
 * that read the collection from the resource's name, so a change of the schema remounts nothing. Our own pages live
 * under `/-/`, which no collection can be named.
 */
import { lazy, useEffect, useMemo, useRef } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { AdminUI, CustomRoutes, Resource } from 'react-admin';
import { Route } from 'react-router-dom';
import { isSystem, labelOf } from '../data/collection.ts';
import { LIST_QUERIES } from '../data/data-provider.ts';
import { refreshSchema, useSchemaState } from '../data/schema-store.ts';
import { useSession } from '../data/session.ts';
import { RecordCreate } from '../record/RecordCreate.tsx';
import { RecordEdit } from '../record/RecordEdit.tsx';
import { RecordList } from '../record/RecordList.tsx';
import { FullPageMessage } from '../ui/FullPageMessage.tsx';
import { Home } from './Home.tsx';
import { NotFound } from './NotFound.tsx';
import { Shell } from './Shell.tsx';

const Sessions = lazy(() => import('./Sessions.tsx').then((module) => ({ default: module.Sessions })));
const Jobs = lazy(() => import('../ops/Jobs.tsx').then((module) => ({ default: module.Jobs })));
const Mail = lazy(() => import('../ops/Mail.tsx').then((module) => ({ default: module.Mail })));
const Keys = lazy(() => import('../ops/Keys.tsx').then((module) => ({ default: module.Keys })));
const Audit = lazy(() => import('../ops/Audit.tsx').then((module) => ({ default: module.Audit })));
const FilesPage = lazy(() => import('../files/FilesPage.tsx').then((module) => ({ default: module.FilesPage })));
const CollectionEditor = lazy(() => import('../schema/CollectionEditor.tsx').then((module) => ({ default: module.CollectionEditorPage })));
const ApiPage = lazy(() => import('../schema/ApiPage.tsx').then((module) => ({ default: module.ApiPage })));

export const Pages = () => {
  const { schema, error } = useSchemaState();
  const queryClient = useQueryClient();
  const first = useRef(schema);
  const { status } = useSession();
  const lapsed = useRef(false);
  useEffect(() => {
    // What was refused while nobody was signed in is asked again.
    if (status === 'in' && lapsed.current)
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => !queryKey.includes('getOne') });
    lapsed.current = status === 'expired';
  }, [status, queryClient]);
  useEffect(() => {
    // Lists show what the schema says now; open records are left alone because a draft may stand in them.
    if (first.current !== null && schema !== null) {
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => LIST_QUERIES.some((name) => queryKey.includes(name)) });
    }
    first.current = schema;
  }, [schema, queryClient]);

  const resources = useMemo(
    () =>
      (schema?.collections ?? []).map((collection) => (
        <Resource
          key={collection.id}
          name={collection.name}
          options={{ label: labelOf(collection) }}
          list={RecordList}
          edit={RecordEdit}
          create={isSystem(collection) ? undefined : RecordCreate}
        />
      )),
    [schema],
  );

  if (schema === null && error !== null) return <FullPageMessage text="app.unreachable" detail={error} onRetry={refreshSchema} />;
  if (schema === null) return <FullPageMessage busy text="app.loading" />;
  return (
    <AdminUI layout={Shell} dashboard={Home} catchAll={NotFound} title="Underpin" disableTelemetry>
      {resources}
      <CustomRoutes>
        <Route path="/-/files" element={<FilesPage />} />
        <Route path="/-/jobs" element={<Jobs />} />
        <Route path="/-/mail" element={<Mail />} />
        <Route path="/-/keys" element={<Keys />} />
        <Route path="/-/audit" element={<Audit />} />
        <Route path="/-/sessions" element={<Sessions />} />
        <Route path="/-/collections/:name/api" element={<ApiPage />} />
        <Route path="/-/collections/:name/:tab" element={<CollectionEditor />} />
        <Route path="/-/new-collection/:tab?" element={<CollectionEditor />} />
      </CustomRoutes>
    </AdminUI>
  );
};
