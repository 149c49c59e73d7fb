/** What has become of a file. */
import { Chip } from '@mui/material';
import type { FileState } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';

const colors = { attached: 'success', pending: 'info', begun: 'default', orphaned: 'warning' } as const;

export const StateChip = ({ state }: { state: FileState }) => {
  const t = useTranslate();
  return <Chip size="small" color={colors[state]} variant="outlined" label={t(`state.${state}`)} title={t(`meaning.${state}`)} />;
};
