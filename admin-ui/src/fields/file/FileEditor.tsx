/** A file, or several in order: chosen, dropped or pasted, and uploaded at once. The form takes what has arrived. */
import { useEffect, useRef } from 'react';
import UploadIcon from '@mui/icons-material/UploadFileOutlined';
import { Box, Button, FormHelperText, Typography } from '@mui/material';
import type { FileValue } from '@underpin/sdk/wire';
import { useNotify, useResourceContext, useTranslate } from 'react-admin';
import { showSize } from '../../data/bytes.ts';
import { request } from '../../data/client.ts';
import { filesOf, thumbsOf } from '../../data/files.ts';
import { useIsViewer } from '../../data/session.ts';
import { COLUMN } from '../../ui/CardList.tsx';
import type { EditorProps } from '../kind.ts';
import { mostBytes, mostFiles, typesOf } from './acceptance.ts';
import { FileActions } from './FileActions.tsx';
import { FileItem } from './FileItem.tsx';
import { UploadLine } from './UploadLine.tsx';
import { useDrop } from './use-drop.ts';
import { useUploads } from './use-uploads.ts';

const LIST = { listStyle: 'none', m: 0, p: 0, ...COLUMN, gap: 1 } as const;
const OVER = { outline: '2px dashed', outlineColor: 'primary.main', outlineOffset: 4, borderRadius: 1 } as const;

export const FileEditor = ({ label, field, value, onChange, onProblem, onBlur, error, helper, required, disabled }: EditorProps) => {
  const t = useTranslate();
  const notify = useNotify();
  const collection = useResourceContext() ?? '';
  const input = useRef<HTMLInputElement>(null);
  const isMany = field.many === true;
  const readOnly = useIsViewer() || disabled === true;
  const files = filesOf(value);
  /** What the form holds, also between two drawings of it. */
  const held = useRef(files);
  useEffect(() => {
    held.current = files;
  });
  /** Ids of what was uploaded here. */
  const fresh = useRef(new Set<string>());

  const put = (next: readonly FileValue[]) => {
    const kept = new Set(next.map(({ id }) => id));
    // What was uploaded here and is not wanted after all waits for no sweep.
    for (const { id } of held.current)
      if (fresh.current.has(id) && !kept.has(id)) void request('DELETE', `/files/${id}`).catch(() => undefined);
    held.current = next;
    onChange(isMany ? next : (next[0] ?? null));
  };
  const { uploads, add, cancel, retry } = useUploads({
    collection,
    field,
    onDone: (file) => {
      fresh.current.add(file.id);
      put(isMany ? [...held.current, file] : [file]);
    },
    onBusy: (busy) => {
      onProblem(busy ? t('file.wait') : null);
      // Whatever was said of the field is looked at again.
      if (!busy) onChange(isMany ? held.current : (held.current[0] ?? null));
    },
  });
  const under = uploads.filter(({ trouble }) => trouble === null).length;
  const room = isMany ? mostFiles(field) - files.length - under : 1;
  const take = (chosen: readonly File[]) => {
    const over = chosen.length - Math.max(0, room);
    if (over > 0) notify(t('file.tooMany', { smart_count: over, max: mostFiles(field) }), { type: 'warning' });
    add(chosen.slice(0, Math.max(0, room)));
  };
  const canTake = !readOnly && room > 0 && !(under > 0 && !isMany);
  const { isOver, zone } = useDrop(canTake, take);
  const types = typesOf(field);
  const isPictured = types.length === 0 || types.some((type) => type.startsWith('image/'));
  const limits = [
    types.length === 0 ? null : types.join(', '),
    t('file.upTo', { size: showSize(mostBytes(field)) }),
    isMany ? t('file.most', { smart_count: mostFiles(field) }) : null,
  ];
  const note = error ?? helper;
  return (
    <Box
      role="group"
      aria-label={label}
      {...zone}
      onBlur={() => {
        zone.onBlur();
        onBlur?.();
      }}
      sx={{ ...COLUMN, gap: 1, ...(isOver && !isMany && files.length > 0 ? OVER : {}) }}
    >
      <Typography variant="body2" sx={{ color: error === undefined ? 'text.secondary' : 'error.main' }}>
        {required === true ? `${label} *` : label}
      </Typography>
      {files.length > 0 ? (
        <Box component={isMany ? 'ol' : 'ul'} aria-label={t('file.files', { field: label })} sx={LIST}>
          {files.map((file, at) => (
            <FileItem key={file.id} file={file} thumbs={thumbsOf(field)}>
              {readOnly ? null : <FileActions files={files} at={at} onPut={put} onReplace={isMany ? null : () => input.current?.click()} />}
            </FileItem>
          ))}
        </Box>
      ) : null}
      {uploads.length > 0 ? (
        <Box component="ul" aria-label={t('file.uploads', { field: label })} sx={LIST}>
          {uploads.map((upload) => (
            <UploadLine key={upload.key} upload={upload} onCancel={() => cancel(upload.key)} onRetry={() => retry(upload)} />
          ))}
        </Box>
      ) : null}
      {readOnly && files.length === 0 ? <Typography sx={{ color: 'text.secondary' }}>{t('field.empty')}</Typography> : null}
      {canTake && (isMany || files.length === 0) ? (
        <Box
          sx={{
            border: '1px dashed',
            borderColor: error === undefined ? (isOver ? 'primary.main' : 'text.disabled') : 'error.main',
            bgcolor: isOver ? 'action.hover' : 'transparent',
            borderRadius: 2,
            p: 2,
            display: 'grid',
            justifyItems: 'center',
            gap: 0.5,
            textAlign: 'center',
          }}
        >
          <Button startIcon={<UploadIcon />} onClick={() => input.current?.click()} aria-label={t('file.chooseFor', { field: label })}>
            {t(isMany ? 'file.chooseMany' : 'file.choose')}
          </Button>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            {isOver ? t('file.letGo') : t(isPictured ? 'file.dropOrPaste' : 'file.drop')}
          </Typography>
          <Typography variant="caption" sx={{ color: 'text.secondary' }}>
            {limits.filter((one) => one !== null).join(' · ')}
          </Typography>
        </Box>
      ) : null}
      {note ? <FormHelperText error={error !== undefined}>{note}</FormHelperText> : null}
      <input
        ref={input}
        hidden
        type="file"
        multiple={isMany}
        accept={types.join(',')}
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = '';
        }}
      />
    </Box>
  );
};
