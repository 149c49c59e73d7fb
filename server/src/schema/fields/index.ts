/** Every field type there is. A new one is a file in this folder and a line here. */
import type { FieldType } from '../field-type.ts';
import { text } from './text.ts';
import { email } from './email.ts';
import { url } from './url.ts';
import { number } from './number.ts';
import { decimal } from './decimal.ts';
import { bool } from './bool.ts';
import { select } from './select.ts';
import { date } from './date.ts';
import { day } from './day.ts';
import { relation } from './relation.ts';
import { file } from './file.ts';
import { json } from './json.ts';
import { richtext } from './richtext.ts';
import { geo } from './geo.ts';
import { computed } from './computed.ts';

export const fieldTypes: readonly FieldType[] = [
  text,
  richtext,
  email,
  url,
  number,
  decimal,
  bool,
  select,
  date,
  day,
  relation,
  file,
  json,
  geo,
  computed,
];

const byName = new Map(fieldTypes.map((type) => [type.name, type]));
export const fieldType = (name: string): FieldType | undefined => byName.get(name);
