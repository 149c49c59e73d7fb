/** The frame round every page: bar, menu, content that never scrolls the page sideways. */
import type { ReactNode } from 'react';
import DevicesIcon from '@mui/icons-material/Devices';
import LogoutIcon from '@mui/icons-material/Logout';
import { Box, ListItemIcon, ListItemText, MenuItem, Typography } from '@mui/material';
import { AppBar, Layout, UserMenu, useNotify, useTranslate, useUserMenu } from 'react-admin';
import { Link } from 'react-router-dom';
import { messageOf } from '../data/client.ts';
import { signOut } from '../data/session.ts';
import { Logo } from '../ui/Logo.tsx';
import { SideMenu } from './SideMenu.tsx';

export const Shell = ({ children }: { children: ReactNode }) => (
  <Layout
    appBar={TopBar}
    menu={SideMenu}
    appBarAlwaysOn
    sx={{
      minWidth: 0,
      maxWidth: '100vw',
      '& .RaLayout-appFrame': { minWidth: 0 },
      '& .RaLayout-content': { minWidth: 0, px: { xs: 1.5, sm: 3 }, pb: 6 },
    }}
  >
    {children}
  </Layout>
);

const TopBar = () => (
  <AppBar
    alwaysOn
    color="inherit"
    elevation={0}
    sx={{ borderBottom: 1, borderColor: 'divider', bgcolor: 'background.paper' }}
    userMenu={<PersonMenu />}
  >
    <Box component={Link} to="/" sx={{ display: 'flex', alignItems: 'center', gap: 1, color: 'inherit', textDecoration: 'none' }}>
      <Logo size={24} />
      <Typography component="span" sx={{ fontWeight: 700 }}>
        Underpin
      </Typography>
    </Box>
    <Box sx={{ flex: 1 }} />
  </AppBar>
);

const PersonMenu = () => (
  <UserMenu label="menu.account">
    <SessionsItem />
    <SignOutItem />
  </UserMenu>
);

const SessionsItem = () => {
  const t = useTranslate();
  const menu = useUserMenu();
  return (
    <MenuItem component={Link} to="/-/sessions" onClick={menu?.onClose}>
      <ListItemIcon>
        <DevicesIcon fontSize="small" />
      </ListItemIcon>
      <ListItemText>{t('sessions.title')}</ListItemText>
    </MenuItem>
  );
};

const SignOutItem = () => {
  const t = useTranslate();
  const notify = useNotify();
  const leave = () => signOut().catch((error: unknown) => notify(messageOf(error), { type: 'error' }));
  return (
    <MenuItem onClick={leave}>
      <ListItemIcon>
        <LogoutIcon fontSize="small" />
      </ListItemIcon>
      <ListItemText>{t('session.signOut')}</ListItemText>
    </MenuItem>
  );
};
