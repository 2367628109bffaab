// The help that starts fast is the one that argparse would write, for every command of every program.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { program as manifestDeltaTool } from '../packages/manifest-tool/src/delta-tool/program.ts';
import { program as manifestDevTool } from '../packages/manifest-tool/src/dev-tool/program.ts';
import { program as manifestPackageTool } from '../packages/manifest-tool/src/package-tool/program.ts';
import { program as manifestTool } from '../packages/manifest-tool/src/program.ts';
import { manifestTool2x } from '../packages/manifest-tool/src/program-2x.ts';
import { program as mblCli } from '../packages/mbl-cli/src/program.ts';
import { program as mooring } from '../packages/service/src/program.ts';
import { helpAsked, helpText } from '../packages/terminal/src/help.ts';
import type { Program } from '../packages/terminal/src/index.ts';
import { ParserExit, parseArguments } from '../packages/terminal/src/parse.ts';

const programs: Program[] = [
  mblCli,
  mooring,
  manifestTool,
  manifestTool2x,
  manifestDevTool,
  manifestDeltaTool,
  manifestPackageTool,
];

function byArgparse(program: Program, argv: readonly string[], columns: number): string {
  const before = process.env.COLUMNS;
  process.env.COLUMNS = String(columns);
  try {
    parseArguments(program, argv);
  } catch (error) {
    if (error instanceof ParserExit) return error.text;
    throw error;
  } finally {
    if (before === undefined) delete process.env.COLUMNS;
    else process.env.COLUMNS = before;
  }
  return assert.fail('it takes -h for something else');
}

for (const program of programs) {
  test(`the help of ${program.name} ${program.version}, at every width that holds the longest word`, () => {
    const lines = ['', ...program.groups.flatMap(({ commands }) => commands.map(({ name }) => name))];
    const options = [program, ...program.groups.flatMap(({ commands }) => commands)].flatMap(
      ({ options = [] }) => options,
    );
    // One that is longer than a line is kept whole, so that it can be copied; argparse breaks it.
    const longest = Math.max(...options.flatMap(({ help }) => help.split(/\s+/)).map(({ length }) => length));
    for (const columns of [72, 80, 100, 200].filter((width) => width - 26 >= longest)) {
      for (const line of lines) {
        const argv = [...line.split(' ').filter(Boolean), '-h'];
        const asked = helpAsked(program, argv);
        assert.equal(helpText(program, asked ?? undefined, columns), byArgparse(program, argv, columns));
      }
    }
  });
}
