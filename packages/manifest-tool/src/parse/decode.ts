import { type DecodedV1, decodeV1, sniff } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import { parseErrors } from './errors.ts';

function unrecognized(data: Uint8Array): Error | undefined {
  if (data[0] !== 0x30) {
    return parseErrors('parse.not.manifest', {
      message: 'input file is not a manifest.',
      next: data.length === 0 ? 'It is empty.' : 'Give the manifest in its DER form, not as hex or C array.',
    });
  }
  const schema = sniff(data);
  if (schema === 'v1') return undefined;
  return parseErrors('parse.unrecognized', {
    message: 'No recognized manifest format found.',
    next:
      schema === 'v3'
        ? 'It is a manifest of schema v3: `manifest-tool parse MANIFEST` shows it, with -k, -c or -p checked.'
        : 'Check that the file is complete and was not changed on its way.',
  });
}

/**
 * Reads a manifest of schema v1 for the commands of 1.x. Ids of any length pass, for these commands to judge.
 *
 * @param trailing whether bytes after the end are taken
 * @throws MooringError `parse.*`
 */
export function decodeForTool(data: Uint8Array, trailing: boolean): DecodedV1 {
  const reason = unrecognized(data);
  if (reason) throw reason;
  let decoded: DecodedV1;
  try {
    decoded = decodeV1(data, { reading: 'tool' });
  } catch (cause) {
    if (!isMooringError(cause)) throw cause;
    throw parseErrors('parse.malformed', {
      message: `The manifest is damaged: ${cause.message}`,
      ...(cause.next ? { next: cause.next } : {}),
      cause,
      ...(cause.data ? { data: cause.data } : {}),
    });
  }
  const extra = decoded.rest.length;
  if (extra > 0 && !trailing) {
    throw parseErrors('parse.trailing', {
      message: `The manifest ends at byte ${data.length - extra}, but ${extra} more bytes follow.`,
      next: 'Check where the file comes from. --accept-like 1.4.8 leaves them out of account, as 1.4.8 did.',
      data: { offset: data.length - extra, size: extra },
    });
  }
  return decoded;
}
