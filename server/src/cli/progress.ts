/** A bar on a terminal, a plain line for each tenth elsewhere. */
export function progressBar(
  label: string,
  out: { readonly isTTY?: boolean; write(text: string): unknown },
): (done: number, all: number) => void {
  let last = -1;
  return (done, all) => {
    const part = Math.floor((done / Math.max(1, all)) * (out.isTTY === true ? 100 : 10));
    if (part === last && done < all) return;
    last = part;
    const bar = '█'.repeat(Math.round((done / Math.max(1, all)) * 24)).padEnd(24, '░');
    out.write(out.isTTY === true ? `\r${label} ${bar} ${done}/${all}${done >= all ? '\n' : ''}` : `${label} ${done}/${all}\n`);
  };
}
