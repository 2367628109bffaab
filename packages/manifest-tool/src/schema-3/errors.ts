import { errorFamily } from '@mooring/platform';

export const configErrors = errorFamily({
  'config.malformed': 'A config file of manifest-tool create or create-v1 is not YAML (or JSON).',
  'config.invalid': 'A config file breaks the schema that `manifest-tool schema` prints.',
  'config.domain.invalid': 'The vendor domain in a config file is not a domain name.',
  'config.uuid.invalid': 'A vendor or class id in a config file is not a UUID.',
  'config.unsupported':
    'A config file asks for something that the schema of the manifest, or the signing tool, cannot do.',
  'config.file.unreadable': 'A file that a config or the command line names cannot be read.',
  'config.delta.malformed': 'The .yaml file beside a delta is not what manifest-delta-tool writes.',
  'config.key.mismatch': 'The key is not that of the update certificate.',
  'config.certificate.malformed': 'The update certificate is not a certificate that devices can check with.',
  'manifest.unreadable': 'The input of parse is no manifest, or a damaged one.',
  'manifest.unverified': 'A signature, hash or fingerprint in a manifest is not right for the key that was given.',
  'public.key.malformed': 'The public key is not a P-256 point in its uncompressed form.',
});
