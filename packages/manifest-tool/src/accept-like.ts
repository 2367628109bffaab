import type { Option } from '@mooring/terminal';

/** @param version of the tool whose verdicts can be had back */
export const acceptLikeOption = (version: string, what: string): Option => ({
  flags: ['--accept-like'],
  name: 'accept_like',
  metavar: `{${version}}`,
  choices: [version],
  help: `For scripts that depend on it: ${what}, as manifest-tool ${version} did.`,
});
