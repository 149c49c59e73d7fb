/** An address that leads nowhere, such as that of a collection that is gone. */
import { Button } from '@mui/material';
import { useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { PageHeader } from '../ui/PageHeader.tsx';

export const NotFound = () => {
  const t = useTranslate();
  return (
    <>
      <PageHeader title={t('notFound.title')} note={t('notFound.note')} />
      <Button component={Link} to="/" variant="contained" sx={{ alignSelf: 'flex-start' }}>
        {t('notFound.home')}
      </Button>
    </>
  );
};
