/** The narrow card in the middle of a page on which one signs in or sets up. */
import type { ReactNode, SubmitEvent } from 'react';
import { Box, Paper, Typography } from '@mui/material';
import { Logo } from './Logo.tsx';

interface CardProps {
  readonly title: string;
  readonly note?: string;
  readonly onSubmit?: () => void;
  readonly children: ReactNode;
}

export const Card = ({ title, note, onSubmit, children }: CardProps) => {
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <Box component="main" sx={{ minHeight: '100vh', display: 'grid', placeItems: 'center', p: 2, bgcolor: 'background.default' }}>
      <Paper variant="outlined" sx={{ width: '100%', maxWidth: 420, p: { xs: 2.5, sm: 4 } }}>
        <Box component="form" noValidate onSubmit={submit} sx={{ display: 'grid', gap: 2 }}>
          <Box sx={{ display: 'flex', gap: 1.5, alignItems: 'center' }}>
            <Logo size={32} />
            <Typography variant="h1">{title}</Typography>
          </Box>
          {note ? <Typography sx={{ color: 'text.secondary' }}>{note}</Typography> : null}
          {children}
        </Box>
      </Paper>
    </Box>
  );
};
