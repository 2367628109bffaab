import { errorFamily } from '@mooring/platform';

export const manifestToolErrors = errorFamily({
  'manifest.argument':
    'A file named on the command line of manifest-tool cannot be opened (exit status 2, as argparse has it).',
  'manifest.generation':
    'The command line fits neither or both of two commands of one name (exit status 2); --generation says which is meant.',
  'manifest.json.malformed': 'JSON that a command reads, or .manifest_tool.json, is not JSON or not an object.',
  'version.exhausted': 'There is no greater firmware version.',
  'manifest.settings.malformed': '.manifest_tool.json is not what manifest-tool writes there.',
  'manifest.unfinished': 'The record of an interrupted init cannot be used.',
  'manifest.changed': 'Another program changed the files of the project while the command ran; nothing was written.',
  'init.domain.invalid': 'The vendor domain has fewer than two parts, or an empty one.',
  'init.value.empty': 'An option of init was given an empty value.',
  'init.uuid.invalid': 'A vendor or class id is not a UUID.',
  'init.subject.invalid': 'An answer about the subject of the certificate cannot be put into a certificate.',
  'init.validity.invalid': 'The validity is not a number of days that a certificate can have.',
  'init.answers.missing': 'Standard input ended before the questions of init were answered.',
  'init.options.conflict': 'Options of init were given that make no sense without each other, or together.',
  'init.signing.key.id': 'A signing tool was named without the id of the key that it shall use.',
  'init.certificate.unreadable': 'A certificate is empty, damaged or not a certificate.',
  'init.certificate.unsuitable':
    'Devices cannot check signatures with this certificate: it has to be P-256 and signed with SHA-256.',
  'init.certificate.keyless': 'An update certificate was given without its private key or a signing tool.',
  'init.key.unreadable': 'A private key is empty, damaged or not a private key.',
  'init.key.mismatch': 'Private key and certificate do not belong together.',
  'init.resources.differ':
    'update_default_resources.c holds other ids or another certificate than the settings would; nothing was written.',
  'init.psk.endpoint': 'The developer credentials that --psk needs are missing or have no endpoint name.',
  'init.psk.endpoints': 'Several developer credentials were found where --psk needs one.',
});
