import type { Command, Option, Program } from './command.ts';

function optionRow(option: Option): string {
  const form = option.flags.map((flag) => `\`${flag}${option.metavar ? ` ${option.metavar}` : ''}\``).join(', ');
  const fallback = option.default === undefined ? '' : ` Default: \`${option.default}\`.`;
  const repeat = option.kind === 'list' ? ' May be given several times.' : '';
  return `| ${form} | ${option.help.replaceAll('|', '\\|')}${repeat}${fallback} |`;
}

function commandSection(program: Program, command: Command): string {
  const words = (command.positionals ?? []).map((positional) => {
    const name = positional.metavar ?? positional.name;
    return { undefined: name, '?': `[${name}]`, '*': `[${name} …]`, '+': `${name} …` }[String(positional.count)];
  });
  const options = (command.options ?? []).filter((option) => !option.hidden);
  const usage = [program.name, command.name, options.length > 0 ? '[OPTIONS]' : '', ...words].filter(Boolean).join(' ');
  const parts = [`## ${program.name} ${command.name}`, command.description ?? command.summary, `    ${usage}`];
  if (command.positionals?.length) {
    const rows = command.positionals.map((p) => `| \`${p.metavar ?? p.name}\` | ${p.help.replaceAll('|', '\\|')} |`);
    parts.push(['| argument | meaning |', '|---|---|', ...rows].join('\n'));
  }
  if (options.length > 0) parts.push(['| option | meaning |', '|---|---|', ...options.map(optionRow)].join('\n'));
  if (command.examples?.length) {
    parts.push(['Examples:', '', ...command.examples.map((e) => `- \`${e.run}\` – ${e.does}`)].join('\n'));
  }
  if (command.exitCodes) {
    const rows = Object.entries(command.exitCodes).map(([code, text]) => `- ${code}: ${text}`);
    parts.push(['Exit status besides 0 and 2:', '', ...rows].join('\n'));
  }
  return parts.join('\n\n');
}

/** The Markdown page of a program, made from the same objects as its help. */
export function commandReference(program: Program): string {
  const parts = [
    `# ${program.name}`,
    '<!-- Made by `npm run docs`; do not edit. -->',
    program.summary,
    `Exit status: 0 success, 2 wrong usage, ${program.failureExit} any other failure unless a command says otherwise. Every command takes \`--json\`: standard output is then one JSON object, the result or \`{"error": {"code", "message", "next"}}\`.`,
  ];
  if (program.options?.length) {
    parts.push(
      [
        '| option before the command | meaning |',
        '|---|---|',
        ...program.options.filter((o) => !o.hidden).map(optionRow),
      ].join('\n'),
    );
  }
  for (const group of program.groups) {
    parts.push(`**${group.title}**: ${group.commands.map((c) => `\`${c.name}\``).join(' · ')}`);
  }
  for (const command of program.groups.flatMap((group) => group.commands)) parts.push(commandSection(program, command));
  return `${parts.join('\n\n')}\n`;
}
