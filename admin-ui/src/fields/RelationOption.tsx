/** A record among the choices of a relation: what it is called, and its id. */
import type { HTMLAttributes } from 'react';
import { Typography } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { displayOf } from '../data/collection.ts';
import type { Row } from './relation-search.ts';

interface RelationOptionProps {
  readonly item: HTMLAttributes<HTMLLIElement>;
  readonly target: CollectionInfo;
  readonly row: Row;
}

export const RelationOption = ({ item, target, row }: RelationOptionProps) => (
  <li {...item}>
    <span>
      {displayOf(target, row)}
      <Typography component="span" variant="body2" sx={{ color: 'text.secondary', display: 'block' }}>
        {row.id}
      </Typography>
    </span>
  </li>
);
