/** Somebody else changed the record after it was read here. */
import { Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle } from '@mui/material';
import { useTranslate } from 'react-admin';

interface ConflictDialogProps {
  readonly open: boolean;
  readonly onReload: () => void;
  readonly onOverwrite: () => void;
  readonly onClose: () => void;
}

export const ConflictDialog = ({ open, onReload, onOverwrite, onClose }: ConflictDialogProps) => {
  const t = useTranslate();
  return (
    <Dialog open={open} onClose={onClose} aria-labelledby="conflict-title">
      <DialogTitle id="conflict-title">{t('conflict.title')}</DialogTitle>
      <DialogContent>
        <DialogContentText>{t('conflict.note')}</DialogContentText>
      </DialogContent>
      <DialogActions sx={{ flexWrap: 'wrap' }}>
        <Button onClick={onClose}>{t('conflict.stay')}</Button>
        <Button color="error" onClick={onOverwrite}>
          {t('conflict.overwrite')}
        </Button>
        <Button variant="contained" onClick={onReload} autoFocus>
          {t('conflict.reload')}
        </Button>
      </DialogActions>
    </Dialog>
  );
};
