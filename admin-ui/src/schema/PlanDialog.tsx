/** What a change will do to what is stored, to be read before it is done. */
import { Box, Button, Chip, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, Typography } from '@mui/material';
import type { Plan, PlanOperation } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';

interface PlanDialogProps {
  readonly plan: Plan;
  readonly busy: boolean;
  readonly onCancel: () => void;
  readonly onConfirm: () => void;
}

export const PlanDialog = ({ plan, busy, onCancel, onConfirm }: PlanDialogProps) => {
  const t = useTranslate();
  const loses = plan.operations.some((operation) => operation.hazards.includes('DELETES_DATA'));
  return (
    <Dialog open onClose={onCancel} maxWidth="sm" fullWidth aria-labelledby="plan-title">
      <DialogTitle id="plan-title">{t('plan.title')}</DialogTitle>
      <DialogContent>
        <DialogContentText sx={{ mb: 2 }}>{t('plan.note')}</DialogContentText>
        <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 1.5 }}>
          {plan.operations.map((operation, index) => (
            <Operation key={`${index} ${operation.summary}`} operation={operation} />
          ))}
        </Box>
      </DialogContent>
      <DialogActions>
        <Button onClick={onCancel}>{t('app.cancel')}</Button>
        <Button variant="contained" color={loses ? 'error' : 'primary'} disabled={busy} onClick={onConfirm}>
          {t('plan.confirm')}
        </Button>
      </DialogActions>
    </Dialog>
  );
};

const Operation = ({ operation }: { operation: PlanOperation }) => {
  const t = useTranslate();
  return (
    <Box component="li" sx={{ border: 1, borderColor: operation.hazards.length > 0 ? 'warning.main' : 'divider', borderRadius: 2, p: 1.5 }}>
      <Typography sx={{ overflowWrap: 'anywhere' }}>{operation.summary}</Typography>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 0.5, mt: operation.hazards.length > 0 ? 1 : 0 }}>
        {operation.hazards.map((hazard) => (
          <Chip
            key={hazard}
            size="small"
            color={hazard === 'DELETES_DATA' ? 'error' : 'warning'}
            label={t(`hazard.${hazard}`, { _: hazard })}
          />
        ))}
        {Object.entries(operation.counts ?? {}).map(([what, count]) => (
          <Chip key={what} size="small" variant="outlined" label={`${count.toLocaleString()} ${t(`count.${what}`, { _: what })}`} />
        ))}
      </Box>
    </Box>
  );
};
