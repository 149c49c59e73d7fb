/** One field of a record inside a form: its editor joined to the form's value and errors. */
import { useContext, useRef } from 'react';
import { Box } from '@mui/material';
import { useController } from 'react-hook-form';
import type { FieldDef } from '@underpin/sdk/wire';
import { useRecordContext, useTranslate } from 'react-admin';
import { labelOf } from '../data/collection.ts';
import { flash } from '../ui/flash.ts';
import { ChangedElsewhere } from './ChangedElsewhere.tsx';
import { isTooLong } from './kind.ts';
import { MeanwhileContext } from './meanwhile.ts';
import { isComputed, kindOf } from './registry.ts';
import { ComputedEditor } from './TextEditors.tsx';

const expressionOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'expr' in value && typeof value.expr === 'string' ? value.expr : undefined;

export const FieldInput = ({ field, create, readOnly }: { field: FieldDef; create: boolean; readOnly: boolean }) => {
  const t = useTranslate();
  const problem = useRef<string | null>(null);
  const meanwhile = useContext(MeanwhileContext);
  const tellProblem = (message: string | null) => {
    problem.current = message;
    meanwhile.onProblem(field.name, message !== null);
  };
  const filledByServer = create && field.default !== undefined && field.default !== null;
  const controller = useController({
    name: field.name,
    rules: {
      validate: (value: unknown) => {
        if (problem.current !== null) return problem.current;
        const missing = value === null || (value === undefined && create && !filledByServer);
        return field.required === true && missing && !isComputed(field) ? t('field.required') : true;
      },
    },
  });
  const record = useRecordContext();
  const tooLong = !create && isTooLong(record, field);
  const Editor = isComputed(field) ? ComputedEditor : kindOf(field).Editor;
  const expression = expressionOf(field.default);
  const help = typeof field.ui?.['help'] === 'string' ? field.ui['help'] : undefined;
  const helper = (): string | undefined => {
    if (isComputed(field)) return t('field.computed');
    if (tooLong) return t('field.tooMany');
    return help ?? (create && expression !== undefined ? t('field.filledWith', { expression }) : undefined);
  };
  return (
    <Box sx={meanwhile.taken.has(field.name) ? flash : null}>
      <Editor
        label={labelOf(field)}
        field={field}
        value={controller.field.value}
        onChange={controller.field.onChange}
        onBlur={controller.field.onBlur}
        onProblem={tellProblem}
        error={controller.fieldState.error?.message}
        helper={helper()}
        required={field.required === true}
        disabled={readOnly || tooLong}
      />
      <ChangedElsewhere field={field} onTake={() => tellProblem(null)} />
    </Box>
  );
};

/** What a new record's form begins with: the literal defaults; expressions are left to the server. */
export const initialValues = (fields: readonly FieldDef[]): Record<string, unknown> =>
  Object.fromEntries(
    fields.flatMap((field) => {
      if (isComputed(field)) return [];
      if (field.default !== undefined && expressionOf(field.default) === undefined) return [[field.name, field.default]];
      // A required box that was never touched means no.
      return field.type === 'bool' && field.required === true ? [[field.name, false]] : [];
    }),
  );
