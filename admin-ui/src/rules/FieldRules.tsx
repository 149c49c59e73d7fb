/** Who may read and who may write one field, on top of what the rules say about its record. */
import { Box, FormHelperText, Typography } from '@mui/material';
import type { FieldDef, Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { FailureField } from '../data/client.ts';
import { RuleField } from './RuleField.tsx';

interface FieldRulesProps {
  readonly def: FieldDef;
  /** As it is on the server. */
  readonly saved: FieldDef | undefined;
  readonly owners: readonly string[];
  readonly errors: readonly FailureField[];
  /** Where the field stands: `/fields/2`. */
  readonly pointer: string;
  /** Above the rules, where the field is not named by what stands around them. */
  readonly title?: string;
  readonly onChange: (rules: FieldDef['rules'], touched: string) => void;
}

export const FieldRules = ({ def, saved, owners, errors, pointer, title, onChange }: FieldRulesProps) => {
  const t = useTranslate();
  // Nobody reads what is secret, and nobody writes what the database works out.
  const names = (['read', 'write'] as const).filter((name) => (name === 'read' ? def.secret !== true : def.type !== 'computed'));
  const set = (name: 'read' | 'write', rule: Rule | undefined) => {
    const { [name]: _before, ...others } = def.rules ?? {};
    const rules = rule === undefined ? others : { ...others, [name]: rule };
    onChange(Object.keys(rules).length === 0 ? undefined : rules, `rules/${name}`);
  };
  return (
    <Box
      component="section"
      aria-label={title ?? t('rule.ofField')}
      sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}
    >
      <Box>
        <Typography variant="h2">{title ?? t('rule.ofField')}</Typography>
        {title === undefined ? <FormHelperText>{t('rule.ofFieldNote')}</FormHelperText> : null}
      </Box>
      {names.map((name) => (
        <RuleField
          key={name}
          name={name}
          rule={def.rules?.[name]}
          before={saved?.rules?.[name]}
          after={def.rules?.[name]}
          owners={owners}
          error={errors.find((error) => error.pointer === `${pointer}/rules/${name}`)}
          onChange={(rule) => set(name, rule)}
        />
      ))}
    </Box>
  );
};
