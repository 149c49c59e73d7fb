/**
 * A hint, not a gate: the server decides what it takes. An estimate in bits from length and kinds of characters, where a
 * repeated character or a step of a row (abc, 321) adds next to nothing, because that is how people lengthen weak ones.
 */
export const passwordStrength = (password: string): 0 | 1 | 2 | 3 | 4 => {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/];
  const sizes = [26, 26, 10, 33];
  const alphabet = kinds.reduce((sum, kind, index) => sum + (kind.test(password) ? (sizes[index] ?? 0) : 0), 0);
  let counted = 0;
  for (let index = 0; index < password.length; index++) {
    const step = password.charCodeAt(index) - password.charCodeAt(index - 1);
    const known = index > 0 && (Math.abs(step) <= 1 || password.indexOf(password.slice(index - 1, index + 1)) < index - 1);
    counted += known ? 0.2 : 1;
  }
  const bits = counted * Math.log2(Math.max(alphabet, 1));
  if (bits < 28) return 0;
  if (bits < 42) return 1;
  if (bits < 56) return 2;
  return bits < 76 ? 3 : 4;
};
