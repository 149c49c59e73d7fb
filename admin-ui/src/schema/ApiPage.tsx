/** How to reach this collection from outside: curl, the SDK, its types. */
import { Box, Typography } from '@mui/material';
import { collectionTypes } from '@underpin/sdk/codegen/types';
import { useTranslate } from 'react-admin';
import { useParams } from 'react-router-dom';
import { NotFound } from '../app/NotFound.tsx';
import { labelOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { CopyBlock } from '../ui/CopyBlock.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { CollectionTabs } from './CollectionTabs.tsx';
import { curlSnippets, sdkSnippets, type Snippet } from './snippets.ts';

export const ApiPage = () => {
  const t = useTranslate();
  const { name } = useParams();
  const collection = useCollection(name);
  if (!collection) return <NotFound />;
  const { origin } = window.location;
  const blocks = (snippets: readonly Snippet[]) =>
    snippets.map((snippet) => <CopyBlock key={snippet.title} title={t(snippet.title)} text={snippet.text} />);
  return (
    <>
      <PageHeader title={labelOf(collection)} />
      <CollectionTabs collection={collection} current="api" />
      <Box sx={{ maxWidth: 900 }}>
        <Typography sx={{ color: 'text.secondary', mb: 2 }}>{t('api.tokenNote')}</Typography>
        <Heading text={t('api.fromCode')} />
        {blocks(sdkSnippets(collection, origin))}
        <CopyBlock title={t('api.interface')} text={collectionTypes(collection).trimEnd()} />
        <Heading text={t('api.fromShell')} />
        {blocks(curlSnippets(collection, origin))}
      </Box>
    </>
  );
};

const Heading = ({ text }: { text: string }) => (
  <Typography variant="h2" sx={{ mt: 3, mb: 1.5 }}>
    {text}
  </Typography>
);
