/** Figures of many samples, and rows of them. */

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** What all but a part of them are below: 0.99 for p99. */
export const below = (part, numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
};

export const row = (label, cells, width = 12) => `${label.padEnd(20)}${cells.map((cell) => String(cell).padStart(width)).join('')}`;
