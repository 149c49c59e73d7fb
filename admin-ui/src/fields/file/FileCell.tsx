/** Files in a list: a small picture and the name; of several the first pictures and how many there are. */
import { Box } from '@mui/material';
import { useTranslate } from 'react-admin';
import { filesOf, thumbsOf } from '../../data/files.ts';
import type { CellProps } from '../kind.ts';
import { FilePicture } from './FilePicture.tsx';

const SHOWN = 3;
const SIDE = 28;

export const FileCell = ({ value, field }: CellProps) => {
  const t = useTranslate();
  const files = filesOf(value);
  const [only] = files;
  if (only === undefined) return null;
  const text = files.length === 1 ? only.name : t('file.count', { smart_count: files.length });
  return (
    <Box
      component="span"
      sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.75, maxWidth: '100%', verticalAlign: 'middle', textDecoration: 'inherit' }}
    >
      {files.slice(0, SHOWN).map((file) => (
        <FilePicture key={file.id} file={file} thumbs={thumbsOf(field)} width={SIDE} height={SIDE} pixels={SIDE} />
      ))}
      <Box
        component="span"
        title={text}
        sx={{ minWidth: 0, textDecoration: 'inherit', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
      >
        {text}
      </Box>
    </Box>
  );
};
