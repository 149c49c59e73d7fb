/** A setting of every field that is on or off. */
import { Box, Checkbox, FormControlLabel, FormHelperText } from '@mui/material';
import { useTranslate } from 'react-admin';

interface CheckSettingProps {
  readonly name: 'required' | 'secret';
  readonly checked: boolean;
  readonly error: string | undefined;
  readonly onChange: (checked: boolean) => void;
}

export const CheckSetting = ({ name, checked, error, onChange }: CheckSettingProps) => {
  const t = useTranslate();
  return (
    <Box>
      <FormControlLabel label={t(`setting.${name}`)} control={<Checkbox checked={checked} onChange={(_event, next) => onChange(next)} />} />
      <FormHelperText error={error !== undefined}>{error ?? t(`setting.${name}Note`)}</FormHelperText>
    </Box>
  );
};
