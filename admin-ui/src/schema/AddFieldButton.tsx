/** Adds a field: the types that the server offers, by group. */
import { useState } from 'react';
import AddIcon from '@mui/icons-material/Add';
import { Button, ListSubheader, Menu, MenuItem } from '@mui/material';
import type { FieldTypeInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';

export const AddFieldButton = ({ types, onAdd }: { types: readonly FieldTypeInfo[]; onAdd: (type: string) => void }) => {
  const t = useTranslate();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const groups = [...new Set(types.map((type) => type.group))];
  return (
    <>
      <Button variant="outlined" startIcon={<AddIcon />} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        {t('schema.addField')}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {groups.flatMap((group) => [
          <ListSubheader key={group} role="presentation" disableSticky sx={{ lineHeight: '2.2em', bgcolor: 'transparent' }}>
            {t(`group.${group}`, { _: group })}
          </ListSubheader>,
          ...types
            .filter((type) => type.group === group)
            .map((type) => (
              <MenuItem
                key={type.name}
                onClick={() => {
                  setAnchor(null);
                  onAdd(type.name);
                }}
              >
                {t(`type.${type.name}`, { _: type.name })}
              </MenuItem>
            )),
        ])}
      </Menu>
    </>
  );
};
