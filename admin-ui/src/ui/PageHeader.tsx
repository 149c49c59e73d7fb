/** The head of a page: its one h1, what stands beside it, and the document's title. */
import { useEffect, type ReactNode } from 'react';
import { Box, Link as TextLink, Typography } from '@mui/material';
import { Link } from 'react-router-dom';

interface PageHeaderProps {
  readonly title: string;
  readonly note?: ReactNode;
  /** The page that this one belongs to. */
  readonly back?: { readonly to: string; readonly label: string };
  readonly children?: ReactNode;
}

export const PageHeader = ({ title, note, back, children }: PageHeaderProps) => {
  useEffect(() => {
    document.title = `${title} · Underpin`;
  }, [title]);
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 1, pt: 2.5, pb: 1.5 }}>
      <Box sx={{ flex: '1 1 auto', minWidth: 0 }}>
        {back ? (
          <TextLink component={Link} to={back.to} variant="body2">
            {`← ${back.label}`}
          </TextLink>
        ) : null}
        <Typography variant="h1" sx={{ overflowWrap: 'anywhere' }}>
          {title}
        </Typography>
        {note ? <Typography sx={{ color: 'text.secondary', overflowWrap: 'anywhere' }}>{note}</Typography> : null}
      </Box>
      {children}
    </Box>
  );
};
