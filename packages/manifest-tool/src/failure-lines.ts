import { isMooringError } from '@mooring/platform';
import { type LogSink, logLine } from './log.ts';

/** Failures whose lines are those of 1.4.8: a script gets them alone, a person at a terminal gets the remedy as well. */
const oldLines = new Set([
  'init.domain.invalid',
  'init.signing.key.id',
  'init.psk.endpoint',
  'manifest.json.malformed',
  'parse.not.manifest',
  'parse.unrecognized',
  'create.ids.missing',
  'create.payload.missing',
  'create.key.missing',
  'create.key.unreadable',
  'create.certificate.unsuitable',
  'create.hash.mismatch',
  'verify.refused',
  'sign.mismatch',
  'update.name.long',
]);

const ofCommands: Readonly<Record<string, string>> = {
  init: 'manifesttool.init',
  create: 'manifesttool.v1.create',
  parse: 'manifesttool.parse',
  verify: 'manifesttool.v1.verify',
  sign: 'manifesttool.v1.sign',
  cert: 'manifesttool.cert',
  'update prepare': 'manifesttool.prepare',
  'update device': 'manifesttool.update_device',
};

/** The logger of 1.4.8 that a failure of a command came from. */
function loggerOf(command: string, code: string): string {
  const word = command.split(' ')[0] as string;
  if (code === 'parse.not.manifest' || code === 'parse.unrecognized') return `manifesttool.${word}`;
  if (code.startsWith('verify.')) return ofCommands.verify as string;
  return ofCommands[command] ?? ofCommands[word] ?? 'manifesttool';
}

/** A failure as log lines of 1.4.8; wrong usage as argparse puts it. */
export function failureLines(sink: LogSink, command: string, error: Error & { next?: string | undefined }): string {
  const code = isMooringError(error) ? error.code : 'internal';
  if (isMooringError(error) && error.exitCode === 2) return [error.message, ...nextOfUsage(error)].join('\n');
  const withNext = error.next && (sink.stderr.isTTY || !oldLines.has(code));
  return [error.message, ...(withNext ? [error.next as string] : [])]
    .map((line) => logLine(sink, 'CRITICAL', loggerOf(command, code), line))
    .join('\n');
}

/** What argparse says of a file is all there is to say. */
function nextOfUsage(error: { code: string; next?: string | undefined }): string[] {
  return error.next && error.code !== 'manifest.argument' ? [error.next] : [];
}
