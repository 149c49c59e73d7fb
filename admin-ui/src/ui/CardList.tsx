/** A list of cards, one below the other; no wider than the page, however long a line in one of them is. */
import type { ReactNode } from 'react';
import { Box } from '@mui/material';

/** Rows of a grid that never grow past their column. */
export const COLUMN = { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)' } as const;

export const CardList = ({ label, children }: { readonly label: string; readonly children: ReactNode }) => (
  <Box component="ul" aria-label={label} sx={{ listStyle: 'none', m: 0, p: 0, ...COLUMN, gap: 1 }}>
    {children}
  </Box>
);
