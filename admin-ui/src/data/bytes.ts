/** Sizes in bytes as people write them: `50 MB`. A KB is 1024 bytes here, as in the limits that people know. */
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;
const STEP = 1024;

const powerOf = (bytes: number): number => {
  const power = UNITS.findIndex((_unit, index) => bytes < STEP ** (index + 1));
  return power === -1 ? UNITS.length - 1 : power;
};

/** `1.5 MB`: to be read, rounded to one digit after the point. */
export const showSize = (bytes: number): string => {
  const power = powerOf(bytes);
  // What rounds up to 1024 of its unit is one of the next.
  const raised = power < UNITS.length - 1 && Math.round((bytes / STEP ** power) * 10) / 10 >= STEP ? power + 1 : power;
  return `${(bytes / STEP ** raised).toLocaleString(undefined, { maximumFractionDigits: raised === 0 ? 0 : 1 })} ${UNITS[raised]}`;
};

/** To be edited: in the largest unit in which no byte is lost. */
export const writeSize = (bytes: number): string => {
  for (let power = powerOf(bytes); power > 0; power--) {
    const amount = Math.round((bytes / STEP ** power) * 1000) / 1000;
    if (amount * STEP ** power === bytes) return `${amount} ${UNITS[power]}`;
  }
  return `${bytes} B`;
};

/** `50 MB`, `1.5gb`, `200 KiB` → bytes; undefined: that is no size. */
export const parseSize = (text: string): number | undefined => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B$/i.exec(text.trim()) ?? [];
  if (amount === undefined) return undefined;
  const power = unit === '' ? 0 : UNITS.findIndex((one) => one === `${unit.toUpperCase()}B`);
  const bytes = Math.round(Number(amount) * STEP ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
};
