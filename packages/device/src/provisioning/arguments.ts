import { parseArgs } from 'node:util';
import { terminalErrors } from '@mooring/terminal';
import { type ActionName, type OptionFlag, type RequestFlag, utility } from './utility.ts';

export interface Arguments {
  readonly action: ActionName;
  readonly json: boolean;
  readonly values: Readonly<Partial<Record<OptionFlag | RequestFlag, string>>>;
}

function wrong(message: string): Error {
  return terminalErrors('usage', {
    message,
    next: `"${utility.name} --help" explains more.`,
    exitCode: 2,
  });
}

/**
 * Exactly one action, options in any place, nothing else: the old utility took one argument alone.
 *
 * @throws MooringError `usage`
 */
export function readArguments(argv: readonly string[]): Arguments {
  const options: Record<string, { type: 'string' | 'boolean' }> = { json: { type: 'boolean' } };
  const valued = [...utility.options, ...utility.requestOptions];
  for (const { flag } of valued) options[flag.slice(2)] = { type: 'string' };
  for (const { flag } of utility.actions) options[flag.slice(2)] = { type: 'boolean' };
  // Not strict: the complaints are ours. The tokens tell all that was written, in order.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });

  const actions: ActionName[] = [];
  const values: Partial<Record<OptionFlag | RequestFlag, string>> = {};
  let json = false;
  for (const token of tokens) {
    if (token.kind === 'positional') throw wrong(`There is no argument ${JSON.stringify(token.value)}.`);
    if (token.kind === 'option-terminator') continue;
    const action = utility.actions.find(({ flag }) => flag === token.rawName);
    const option = valued.find(({ flag }) => flag === token.rawName);
    if (option) {
      values[option.flag] = valueAfter(option.flag, token.value, token.inlineValue);
      continue;
    }
    if (!action && token.rawName !== utility.jsonFlag.flag) throw wrong(`There is no option ${token.rawName}.`);
    if (token.value !== undefined) throw wrong(`${token.rawName} takes no value.`);
    if (action) actions.push(action.name);
    else json = true;
  }
  const [action, ...others] = actions;
  const choice = utility.actions.map(({ flag }) => flag).join(', ');
  if (!action) throw wrong(`Give one of ${choice}.`);
  if (others.length > 0) throw wrong(`Give only one of ${choice}.`);
  for (const { flag } of utility.requestOptions) {
    if (action !== 'makeKey' && values[flag] !== undefined) throw wrong(`${flag} goes with --make-key alone.`);
  }
  if (action === 'makeKey' && values['--endpoint-name'] === undefined) {
    throw wrong('--make-key needs --endpoint-name, the name that the device will have.');
  }
  return { action, json, values };
}

function valueAfter(flag: string, value: string | undefined, inline: boolean | undefined): string {
  if (value === undefined || value === '' || (!inline && value.startsWith('-'))) throw wrong(`${flag} needs a value.`);
  return value;
}
