/** The buttons of a file in a form: up and down among several, another one in its place, away with it. */
import ArrowDownward from '@mui/icons-material/ArrowDownward';
import ArrowUpward from '@mui/icons-material/ArrowUpward';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import ReplaceIcon from '@mui/icons-material/SwapHorizOutlined';
import { IconButton } from '@mui/material';
import type { FileValue } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { moved } from '../../ui/moved.ts';

interface FileActionsProps {
  readonly files: readonly FileValue[];
  readonly at: number;
  readonly onPut: (files: readonly FileValue[]) => void;
  /** Null: nothing takes its place, it is removed and another one added. */
  readonly onReplace: (() => void) | null;
}

export const FileActions = ({ files, at, onPut, onReplace }: FileActionsProps) => {
  const t = useTranslate();
  const name = files[at]?.name ?? '';
  const button = (key: string, Icon: typeof DeleteIcon, onClick: () => void, off = false) => (
    <IconButton aria-label={t(key, { name })} title={t(key, { name })} disabled={off} onClick={onClick}>
      <Icon fontSize="small" />
    </IconButton>
  );
  return (
    <>
      {files.length > 1 ? button('file.up', ArrowUpward, () => onPut(moved(files, at, at - 1)), at === 0) : null}
      {files.length > 1 ? button('file.down', ArrowDownward, () => onPut(moved(files, at, at + 1)), at === files.length - 1) : null}
      {onReplace === null ? null : button('file.replace', ReplaceIcon, onReplace)}
      {button('file.remove', DeleteIcon, () => onPut(files.filter((_file, index) => index !== at)))}
    </>
  );
};
