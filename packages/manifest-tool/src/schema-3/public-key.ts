import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isP256 } from '@mooring/manifest';
import type { CommandContext, Values } from '@mooring/terminal';
import { checkOutput } from '../argument-file.ts';
import { argumentError2x, type Log2x } from '../logging-2x.ts';
import { writeOutput } from '../output-file.ts';
import { privateKeyOf } from '../signing/private-key.ts';
import { configErrors } from './errors.ts';

const command = 'manifest-tool public-key';

/** @throws MooringError `public.key.malformed`, `signing.*`, `manifest.argument` */
export async function publicKey(context: CommandContext, values: Values, log: Log2x): Promise<unknown> {
  const [file, output] = [values.key as string, values.out as string];
  const data = await readFile(resolve(context.cwd, file)).catch(() => {
    throw argumentError2x(command, 'private_key', `File "${file}" is not found`);
  });
  await checkOutput(context, command, '-o/--out', output);
  const passwordFile = values.password_file as string | undefined;
  const key = createPublicKey(await privateKeyOf({ file, data }, { context, command, passwordFile }));
  if (key.asymmetricKeyType !== 'ec') {
    throw configErrors('public.key.malformed', {
      message: 'format is invalid with this key',
      next: `${file} holds a key of type ${key.asymmetricKeyType}; one on the curve P-256 is needed.`,
      data: { path: file },
    });
  }
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  if (!isP256(key)) {
    log.warning(`The key is on ${key.asymmetricKeyDetails?.namedCurve}; devices check manifests with P-256 only.`);
  }
  await writeOutput(context, output, point);
  return { publicKey: point.toString('hex'), size: point.length, ...(output === '-' ? {} : { output }) };
}
