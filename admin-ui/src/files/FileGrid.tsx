/** Files as pictures. */
import { Box, ButtonBase, Paper, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { showSize } from '../data/bytes.ts';
import { FilePicture } from '../fields/file/FilePicture.tsx';
import { picturedOf, type FileRow } from './query.ts';
import { StateChip } from './StateChip.tsx';
import { useThumbs } from './use-thumbs.ts';

interface FileGridProps {
  readonly rows: readonly FileRow[];
  readonly onOpen: (row: FileRow) => void;
}

export const FileGrid = ({ rows, onOpen }: FileGridProps) => {
  const t = useTranslate();
  const thumbs = useThumbs();
  return (
    <Box
      component="ul"
      aria-label={t('files.title')}
      sx={{
        listStyle: 'none',
        m: 0,
        p: 0,
        display: 'grid',
        gap: 1.5,
        gridTemplateColumns: 'repeat(auto-fill, minmax(min(45%, 168px), 1fr))',
      }}
    >
      {rows.map((row) => (
        <Paper component="li" variant="outlined" key={row.id} sx={{ display: 'grid' }}>
          <ButtonBase
            onClick={() => onOpen(row)}
            aria-label={row.name}
            sx={{
              p: 1,
              borderRadius: 2,
              display: 'grid',
              alignContent: 'start',
              gap: 0.75,
              gridTemplateColumns: 'minmax(0, 1fr)',
              textAlign: 'left',
            }}
          >
            <FilePicture
              file={picturedOf(row)}
              thumbs={thumbs(row.collection_name, row.field_name)}
              width="100%"
              height={112}
              pixels={224}
            />
            <Typography component="span" variant="body2" noWrap title={row.name}>
              {row.name}
            </Typography>
            <Box
              component="span"
              sx={{ display: 'flex', flexWrap: 'wrap', gap: 0.5, justifyContent: 'space-between', alignItems: 'center' }}
            >
              <Typography component="span" variant="caption" sx={{ color: 'text.secondary' }}>
                {showSize(row.size)}
              </Typography>
              {row.state === 'attached' ? null : <StateChip state={row.state} />}
            </Box>
          </ButtonBase>
        </Paper>
      ))}
    </Box>
  );
};
