import { errorFamily } from '@mooring/platform';

export const createErrors = errorFamily({
  'create.value.invalid': 'A value of the input of create cannot stand in a manifest.',
  'create.ids.missing': 'Neither a device id nor vendor and class id are known.',
  'create.payload.missing': 'No payload and no dependency is named.',
  'create.payload.unreadable': 'A payload, alias or dependency cannot be read.',
  'create.payload.incomplete': 'What is told about the payload is not enough to describe it.',
  'create.mode.unsupported': 'The encryption mode is one that no released tool or client ever supported.',
  'create.download.failed': 'A file that the input names by its address alone could not be fetched.',
  'create.certificate.unreadable': 'A certificate that the manifest shall name cannot be read.',
  'create.certificate.unsuitable': 'A certificate that the manifest shall name is not signed with SHA-256.',
  'create.key.missing': 'Nothing is there to sign with.',
  'create.key.unreadable': 'The key that .manifest_tool.json names cannot be opened.',
  'create.key.mismatch': 'The signature does not verify with the certificate that the manifest would name.',
  'create.tool.failed': 'The signing tool failed.',
  'create.hash.mismatch': 'The input holds signatures, but for other content.',
  'create.psk.incomplete': 'Something that --mac needs is missing.',
});
