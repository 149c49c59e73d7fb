/** What was found of one thing when it was looked at, and what to do about it. */
export interface Finding {
  readonly about: string;
  /** `note`: it works, but not all that could be had is. */
  readonly state: 'fine' | 'note' | 'mend';
  readonly found: string;
  readonly mend?: string;
}

export const fine = (about: string, found: string): Finding => ({ about, state: 'fine', found });
export const note = (about: string, found: string): Finding => ({ about, state: 'note', found });
export const mend = (about: string, found: string, how: string): Finding => ({ about, state: 'mend', found, mend: how });
