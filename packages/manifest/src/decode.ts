import { der } from '@mooring/pki';
import { manifestErrors } from './errors.ts';
import { type DecodedV1, type DecodeOptions, decodeV1 } from './v1/decode.ts';
import { type DecodedV3, decodeV3 } from './v3/decode.ts';

/**
 * Tells the schemas apart by their first two tags: v1 opens with the signed resource, v3 with its version number.
 * A certificate looks like v1 here; only decoding tells.
 */
export function sniff(bytes: Uint8Array): 'v1' | 'v3' | undefined {
  const length = bytes[1];
  if (bytes[0] !== der.tags.sequence || length === undefined) return undefined;
  const inner = bytes[2 + (length > 0x80 ? length - 0x80 : 0)];
  if (inner === der.tags.sequence) return 'v1';
  return inner === der.tags.enumerated ? 'v3' : undefined;
}

export type DecodedManifest = ({ schema: 'v1' } & DecodedV1) | ({ schema: 'v3' } & DecodedV3);

/** @throws MooringError `manifest.unrecognized`, `manifest.malformed`, `manifest.trailing.data` */
export function decodeManifest(bytes: Uint8Array, options?: DecodeOptions): DecodedManifest {
  switch (sniff(bytes)) {
    case 'v1':
      return { schema: 'v1', ...decodeV1(bytes, options) };
    case 'v3':
      return { schema: 'v3', ...decodeV3(bytes, options) };
    default:
      throw manifestErrors('manifest.unrecognized', {
        message:
          bytes.length === 0 ? 'There is no manifest: the input is empty.' : 'The data is not an update manifest.',
        next: 'Give the manifest in its DER form, as `create` writes it unless told otherwise.',
      });
  }
}
