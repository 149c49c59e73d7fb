/** Markdown as the tests of the documentation read it: headings with their anchors, fenced blocks, links. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.cwd();
export const readDoc = (file: string): string => readFileSync(join(root, file), 'utf8');

const skipped = new Set(['node_modules', 'dist', 'dist-types', 'data', 'coverage']);
/** Every Markdown file of the repository. */
export function markdownFiles(folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) || entry.name.startsWith('.') ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

export interface Section {
  readonly level: number;
  readonly title: string;
  /** What stands under the heading, up to the next one of any level. */
  readonly text: string;
}

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

export function sectionsOf(file: string): readonly Section[] {
  const parts = withoutBlocks(readDoc(file)).split(/^(#{1,6}) (.+)$/m);
  return parts.flatMap((level, index) =>
    index % 3 === 1 ? [{ level: level.length, title: (parts[index + 1] ?? '').trim(), text: (parts[index + 2] ?? '').trim() }] : [],
  );
}

/** The anchor that a heading gets where Markdown is shown as a page. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

/** The targets of links, as they are written; not those in code. */
export const linksOf = (file: string): readonly string[] =>
  [
    ...withoutBlocks(readDoc(file))
      .replace(/`[^`\n]*`/g, '`')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target = '']) => target);

/** The cells of every table below a heading, the row of titles left out. */
export const rowsOf = (section: Section | undefined): readonly (readonly string[])[] =>
  (section?.text ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
    .slice(1);

/** What stands in backticks. */
export const codeIn = (text: string): readonly string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

export interface Example {
  readonly command: string;
  /** The language of the block that follows at once, and its text. */
  readonly shown: { readonly as: 'json' | 'http'; readonly text: string } | undefined;
}

/** The bash blocks of a document, each with the answer that it shows. */
export const examplesOf = (file: string): readonly Example[] =>
  [...readDoc(file).matchAll(/^```bash\n([\s\S]*?)^```(?:\n\n```(json|http)\n([\s\S]*?)^```)?/gm)].map(
    ([, command = '', as, text = '']) => ({
      command,
      shown: as === 'json' || as === 'http' ? { as, text } : undefined,
    }),
  );
