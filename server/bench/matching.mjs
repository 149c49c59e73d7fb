/** What it costs to find out who follows a changed row, by how many groups with constants of their own follow at all. */
import { median, row } from './figures.mjs';
import { load, say } from './servers.mjs';

export const bound = 5; // µs
const sizes = [100, 1_000, 10_000];

/** `[{ groups, results }]`, a result for each round. */
export async function measureMatching({ rounds }) {
  const measured = [];
  for (const groups of sizes) {
    say(`matching: ${groups} groups …`);
    const results = [];
    for (let round = 0; round < rounds; round += 1) results.push(await load('matches.mjs', { groups, changes: 50_000, seed: round + 1 }));
    measured.push({ groups, results });
  }
  return measured;
}

export function reportMatching(measured) {
  if (measured.length === 0) return '';
  const lines = measured.map(({ groups, results }) => {
    const of = (name) => median(results.map((one) => one[name]));
    const figures = ['route', 'effects', 'asked', 'built'].map((name) => of(name).toFixed(1));
    const counts = ['found', 'ops'].map((name) => of(name).toFixed(1));
    return row(`${groups} groups`, [...figures, ...counts, groups === 10_000 ? `≤ ${bound}` : '']);
  });
  return [row('CPU µs', ['found', 'and told', 'asking all', 'a group', 'candidates', 'operations', 'wanted']), ...lines, ''].join('\n');
}
