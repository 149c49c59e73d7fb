/** Names of the environment that mean nothing, but look like one that does. */

/** A warning for each name of the environment that looks like one of `known` and is none. */
export function misspelt(env: Readonly<Record<string, string | undefined>>, known: readonly string[]): string[] {
  return Object.keys(env)
    .filter((name) => !known.includes(name) && !known.includes(name.replace(/_FILE$/, '')))
    .flatMap((name) => {
      const meant = known.find((candidate) => candidate.length > 4 && (oneEditApart(name, candidate) || name === `UNDERPIN_${candidate}`));
      return meant === undefined ? [] : [`The environment has ${name}, which means nothing; did you mean ${meant}?`];
    });
}

/** Whether one text becomes the other by one letter more, less, other, or two swapped. */
function oneEditApart(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const restA = a.slice(start);
  const restB = b.slice(start);
  const swapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2) && restA.length > 1;
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1) || swapped;
}
