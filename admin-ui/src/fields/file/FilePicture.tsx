/** A file in a square or a frame: its picture where there is one, else the icon of its kind. */
import { useState } from 'react';
import AudioIcon from '@mui/icons-material/AudiotrackOutlined';
import DocumentIcon from '@mui/icons-material/DescriptionOutlined';
import ArchiveIcon from '@mui/icons-material/FolderZipOutlined';
import ImageIcon from '@mui/icons-material/ImageOutlined';
import OtherIcon from '@mui/icons-material/InsertDriveFileOutlined';
import VideoIcon from '@mui/icons-material/MovieOutlined';
import { Box } from '@mui/material';
import { kindOfFile, pictureOf, type Pictured } from '../../data/files.ts';

const icons = { image: ImageIcon, video: VideoIcon, audio: AudioIcon, document: DocumentIcon, archive: ArchiveIcon, other: OtherIcon };

interface FilePictureProps {
  readonly file: Pictured;
  /** The sizes of small pictures that the field declares. */
  readonly thumbs: readonly string[];
  readonly width: number | string;
  readonly height: number | string;
  /** Of the picture that is asked for. */
  readonly pixels: number;
  readonly fit?: 'cover' | 'contain';
}

export const FilePicture = ({ file, thumbs, width, height, pixels, fit = 'cover' }: FilePictureProps) => {
  const source = pictureOf(file, thumbs, pixels);
  const [broken, setBroken] = useState<string | null>(null);
  const Icon = icons[kindOfFile(file.type)];
  const frame = { width, height, flex: 'none', borderRadius: 1, bgcolor: 'action.hover' } as const;
  if (source === null || source === broken) {
    return (
      <Box component="span" aria-hidden sx={{ ...frame, display: 'inline-grid', placeItems: 'center', color: 'text.secondary' }}>
        <Icon fontSize={pixels < 48 ? 'small' : pixels < 200 ? 'medium' : 'large'} />
      </Box>
    );
  }
  // The name stands beside it: to a screen reader the picture adds nothing.
  return <Box component="img" src={source} alt="" loading="lazy" onError={() => setBroken(source)} sx={{ ...frame, objectFit: fit }} />;
};
