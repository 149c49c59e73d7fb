/** Sound and film, to be played where they stand. Nothing of them is loaded before somebody wants it. */
import { Box } from '@mui/material';
import type { FileValue } from '@underpin/sdk/wire';
import { kindOfFile } from '../../data/files.ts';

export const FilePlayer = ({ file }: { file: Pick<FileValue, 'name' | 'type' | 'url'> }) => {
  const kind = kindOfFile(file.type);
  if (kind === 'audio')
    return <Box component="audio" controls preload="none" src={file.url} aria-label={file.name} sx={{ width: '100%' }} />;
  if (kind !== 'video') return null;
  return (
    <Box
      component="video"
      controls
      preload="metadata"
      src={file.url}
      aria-label={file.name}
      sx={{ width: '100%', maxHeight: 320, borderRadius: 1, bgcolor: 'common.black' }}
    />
  );
};
