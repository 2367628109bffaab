import { resolve } from 'node:path';
import { migrationErrors } from '../errors.ts';
import type { Copied } from '../migration/copy.ts';
import type { Source } from '../migration/source.ts';
import { command, type Session, text } from './session.ts';
import { serviceOption, withService } from './store-access.ts';

export const migrateCopy = command({
  name: 'migrate copy',
  summary: 'Copy trusted certificates and enrolments from another service.',
  description: `Copies the certificates of authorities whose devices are let in, and the enrolment lists, from Pelion, Izuma or another service to the one whose API key is saved: either from the service itself, or from files with what it answered. Developer certificates are left out, since their devices have to be provisioned anew. What is there already is left alone, so that the command can be repeated. The API key has to be one of the group Administrators.`,
  positionals: [
    {
      name: 'source',
      metavar: 'SOURCE',
      count: '+',
      help: 'URL of the other service, or files: JSON answers, or CSV with enrolment identities.',
    },
  ],
  options: [
    {
      flags: ['--from-key-file'],
      name: 'from_key_file',
      metavar: 'FILE',
      help: "The first line is an API key of the other service; '-' is standard input. On a terminal it is asked for.",
    },
    { flags: ['--dry-run'], name: 'dry_run', help: 'Only tell what would be copied.' },
    serviceOption,
  ],
  examples: [
    {
      run: 'mbl-cli migrate copy https://api.us-east-1.mbedcloud.com --from-key-file old-key',
      does: 'copies from the service that is still there',
    },
    { run: 'mbl-cli migrate copy trusted.json enrolments.csv', does: 'copies from what was exported while it was' },
  ],
  exitCodes: { 1: 'something could not be copied' },
  async run(session, values) {
    const { openStores } = await import('../stores/stores.ts');
    const { copyTo } = await import('../migration/copy.ts');
    const stores = await openStores(session.home);
    const { output, signal, clock } = session;
    return withService(session, stores, values, async (client, { url }) => {
      const source = await sourceOf(session, values, url);
      const done = (copied: Copied) => output.line(lineOf(copied, values.dry_run === true));
      const copied = await copyTo(client, source, {
        dryRun: values.dry_run === true,
        done,
        signal,
        now: () => clock.now(),
      });
      const count = (state: Copied['state']) => copied.filter((one) => one.state === state).length;
      const total = {
        copied: count('copied'),
        thereAlready: count('there already'),
        leftOut: count('left out'),
        failed: count('failed'),
      };
      output.line();
      output.line(
        `${total.copied} ${values.dry_run === true ? 'to be copied' : 'copied'}, ${total.thereAlready} there already, ${total.leftOut} left out, ${total.failed} failed.`,
      );
      if (total.failed > 0) session.exit(1);
      return { copied, total };
    });
  },
});

const marks = { copied: 'copied', 'there already': 'there', 'left out': 'left out', failed: 'FAILED' } as const;

function lineOf({ kind, name, state, why }: Copied, dryRun: boolean): string {
  const mark = dryRun && state === 'copied' ? 'would' : marks[state];
  return `${mark.padEnd(8)} ${kind} ${name}${why === undefined ? '' : `: ${why}`}`;
}

async function sourceOf(session: Session, values: Readonly<Record<string, unknown>>, target: string): Promise<Source> {
  const { fromFile } = await import('../migration/source.ts');
  const whole: Source = { certificates: [], enrolments: [] };
  for (const place of values.source as string[]) {
    const isUrl = /^https?:\/\//i.test(place);
    const part = isUrl ? await fromUrl(session, values, place, target) : await fromFile(resolve(session.cwd, place));
    whole.certificates.push(...part.certificates);
    whole.enrolments.push(...part.enrolments);
  }
  return whole;
}

async function fromUrl(
  session: Session,
  values: Readonly<Record<string, unknown>>,
  url: string,
  target: string,
): Promise<Source> {
  if (new URL(url).host === new URL(target).host) {
    throw migrationErrors('migration.source.same', {
      message: `${url} is the service that is to be copied to.`,
      next: "Name the other one, or the one to copy to with '--service'.",
    });
  }
  const { clientFor } = await import('../cloud/client.ts');
  const { fromService } = await import('../migration/source.ts');
  const { firstLineOf } = await import('./first-line.ts');
  const file = text(values.from_key_file);
  const apiKey =
    file === undefined ? await session.prompt.askSecret(`API key of ${url}: `) : await firstLineOf(session, file);
  const client = clientFor({ url, apiKey: apiKey.trim() }, session.signal);
  try {
    return await fromService(client);
  } finally {
    client.close();
  }
}
