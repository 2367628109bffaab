import type { CommandContext } from '@mooring/terminal';
import type { Finding, Weight } from './finding.ts';
import type { Kind, ReadItem } from './item.ts';

const labelWidth = 16;
/** What others refer to by its digest; a certificate has its fingerprint. */
const withDigest: ReadonlySet<Kind> = new Set(['manifest', 'delta', 'package', 'image']);
const words: Readonly<Record<Weight, string>> = { fits: 'fits', note: 'note', warning: 'warning', problem: 'PROBLEM' };
const colours: Readonly<Record<Weight, string>> = { fits: '32', note: '36', warning: '33', problem: '1;31' };

/** `fits` … `PROBLEM`, coloured on a terminal only. */
function label(weight: Weight, isTerminal: boolean): string {
  const word = words[weight].padEnd(labelWidth - 2);
  return isTerminal ? `\u001b[${colours[weight]}m${word}\u001b[0m` : word;
}

/** All items, one after the other, and how they go together. */
export function writePage(
  { output, io }: CommandContext,
  items: readonly ReadItem[],
  relations: readonly Finding[],
): void {
  const isTerminal = io.stdout.isTTY === true && io.env.NO_COLOR === undefined;
  const show = ({ weight, text, more = [] }: Finding) => {
    output.line(`  ${label(weight, isTerminal)}${text}`);
    for (const line of more) output.line(`${' '.repeat(labelWidth + 2)}${line}`);
  };
  for (const [index, item] of items.entries()) {
    if (index > 0) output.line();
    output.line(`${item.file}: ${item.title}, ${item.size} bytes`);
    for (const [name, text] of item.facts) output.line(`  ${name.padEnd(labelWidth - 2)}${text}`);
    if (withDigest.has(item.kind)) output.line(`  ${'SHA-256'.padEnd(labelWidth - 2)}${item.sha256}`);
    for (const finding of item.findings) show(finding);
  }
  output.line();
  if (relations.length > 0) {
    output.line('How they go together:');
    for (const finding of relations) show(finding);
    output.line();
  }
  output.line(summary([...items.flatMap(({ findings }) => findings), ...relations]));
}

function summary(findings: readonly Finding[]): string {
  const count = (weight: Weight, one: string, more: string) => {
    const number = findings.filter((finding) => finding.weight === weight).length;
    return number === 0 ? `no ${more}` : `${number} ${number === 1 ? one : more}`;
  };
  const text = `${count('problem', 'problem', 'problems')}, ${count('warning', 'warning', 'warnings')}`;
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}
