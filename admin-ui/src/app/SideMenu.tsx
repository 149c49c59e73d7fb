/** The menu: home, the collections of the project, and apart from them those of the system. */
import { useState } from 'react';
import AddIcon from '@mui/icons-material/Add';
import ExpandLess from '@mui/icons-material/ExpandLess';
import ExpandMore from '@mui/icons-material/ExpandMore';
import GroupIcon from '@mui/icons-material/GroupOutlined';
import ScheduleIcon from '@mui/icons-material/ScheduleOutlined';
import HistoryIcon from '@mui/icons-material/HistoryOutlined';
import KeyIcon from '@mui/icons-material/KeyOutlined';
import FilesIcon from '@mui/icons-material/PermMediaOutlined';
import MailIcon from '@mui/icons-material/MailOutlined';
import HomeIcon from '@mui/icons-material/HomeOutlined';
import SettingsIcon from '@mui/icons-material/SettingsOutlined';
import TableIcon from '@mui/icons-material/TableRowsOutlined';
import { ListItemIcon, ListSubheader, MenuItem } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { Menu, useSidebarState, useTranslate } from 'react-admin';
import { isSystem, labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';

export const SideMenu = () => {
  const t = useTranslate();
  const collections = useCollections();
  const [open] = useSidebarState();
  const [systemShown, showSystem] = useState(false);
  const own = collections.filter((collection) => !isSystem(collection));
  const system = collections.filter(isSystem);
  return (
    <Menu>
      <Menu.Item to="/" primaryText={t('menu.home')} leftIcon={<HomeIcon />} />
      {open ? <Group text={t('menu.collections')} /> : null}
      {own.map((collection) => (
        <CollectionItem key={collection.id} collection={collection} />
      ))}
      <Menu.Item to="/-/new-collection" primaryText={t('schema.newCollection')} leftIcon={<AddIcon />} />
      <Menu.Item to="/-/files" primaryText={t('files.title')} leftIcon={<FilesIcon />} />
      <Menu.Item to="/-/keys" primaryText={t('keys.title')} leftIcon={<KeyIcon />} />
      <Menu.Item to="/-/mail" primaryText={t('mail.title')} leftIcon={<MailIcon />} />
      <Menu.Item to="/-/jobs" primaryText={t('jobs.title')} leftIcon={<ScheduleIcon />} />
      <Menu.Item to="/-/audit" primaryText={t('audit.title')} leftIcon={<HistoryIcon />} />
      {system.length > 0 ? (
        <MenuItem aria-expanded={systemShown} onClick={() => showSystem(!systemShown)} sx={{ color: 'text.secondary' }}>
          <ListItemIcon sx={{ mr: 0.5 }}>{systemShown ? <ExpandLess /> : <ExpandMore />}</ListItemIcon>
          {open ? t('menu.system') : null}
        </MenuItem>
      ) : null}
      {systemShown ? system.map((collection) => <CollectionItem key={collection.id} collection={collection} />) : null}
    </Menu>
  );
};

const Group = ({ text }: { text: string }) => (
  <ListSubheader role="presentation" disableSticky sx={{ lineHeight: '2.4em', bgcolor: 'transparent' }}>
    {text}
  </ListSubheader>
);

const CollectionItem = ({ collection }: { collection: CollectionInfo }) => (
  <Menu.Item to={`/${collection.name}`} primaryText={labelOf(collection)} leftIcon={iconOf(collection)} />
);

const iconOf = (collection: CollectionInfo) => {
  if (isSystem(collection)) return <SettingsIcon />;
  return collection.kind === 'auth' ? <GroupIcon /> : <TableIcon />;
};
