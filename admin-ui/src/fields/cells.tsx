/** How a value looks in a list. */
import CheckIcon from '@mui/icons-material/Check';
import CloseIcon from '@mui/icons-material/Close';
import { Chip, Link as TextLink } from '@mui/material';
import { useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { displayOf } from '../data/collection.ts';
import { showDate } from './dates.ts';
import { isTooLong, type CellProps } from './kind.ts';
import { placeOf } from './places.ts';
import { plainText } from './plain-text.ts';

const LONGEST = 80;
const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
const absent = (value: unknown): value is null | undefined => value === null || value === undefined;

export const TextCell = ({ value }: CellProps) => (absent(value) ? null : <>{cut(String(value))}</>);

export const NumberCell = ({ value }: CellProps) => {
  if (typeof value !== 'number') return absent(value) ? null : <>{String(value)}</>;
  // Written with all its digits: a rounded number in a list has misled many.
  return <>{value.toLocaleString(undefined, { maximumFractionDigits: 20 })}</>;
};

export const BoolCell = ({ value }: CellProps) => {
  const t = useTranslate();
  if (absent(value)) return null;
  return value === true ? (
    <CheckIcon fontSize="small" color="primary" titleAccess={t('field.yes')} />
  ) : (
    <CloseIcon fontSize="small" color="disabled" titleAccess={t('field.no')} />
  );
};

export const DateCell = ({ value }: CellProps) => (absent(value) ? null : <time dateTime={String(value)}>{showDate(value)}</time>);

export const SelectCell = ({ value }: CellProps) => (absent(value) ? null : <Chip size="small" label={String(value)} />);

/** Rich text as plain text: a list never puts a record's HTML into the page. */
export const HtmlCell = ({ value }: CellProps) => (absent(value) ? null : <>{cut(plainText(String(value)))}</>);

export const PlaceCell = ({ value }: CellProps) => {
  const place = placeOf(value);
  return place ? <>{`${place.lat}, ${place.lon}`}</> : null;
};

export const JsonCell = ({ value }: CellProps) => (absent(value) ? null : <code>{cut(JSON.stringify(value))}</code>);

/** Only http(s) becomes a link: a stored `javascript:` address stays text. */
export const UrlCell = ({ value }: CellProps) => {
  if (absent(value)) return null;
  const address = String(value);
  if (!/^https?:\/\//i.test(address)) return <>{cut(address)}</>;
  return (
    <TextLink href={address} target="_blank" rel="noopener noreferrer" onClick={(event) => event.stopPropagation()}>
      {cut(address)}
    </TextLink>
  );
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const RelationCell = ({ value, field, record, target }: CellProps) => {
  const t = useTranslate();
  if (isTooLong(record, field)) return <>{t('field.manyMore')}</>;
  if (absent(value)) return null;
  if (Array.isArray(value)) return value.length === 0 ? null : <>{t('field.records', { smart_count: value.length })}</>;
  const expanded = isRecord(record['expand']) ? record['expand'][field.name] : undefined;
  const text = isRecord(expanded) ? displayOf(target, expanded) : String(value);
  return (
    <TextLink component={Link} to={`/${field.to}/${encodeURIComponent(String(value))}`} onClick={(event) => event.stopPropagation()}>
      {cut(text)}
    </TextLink>
  );
};
