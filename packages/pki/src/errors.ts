import { errorFamily } from '@mooring/platform';

export const pkiErrors = errorFamily({
  'pki.der.malformed': 'Data that has to be DER is not; the byte offset is given.',
  'pki.pem.malformed': 'Text that has to be PEM has no block of the wanted kind, or a block is damaged.',
  'pki.key.malformed': 'A private key could not be read.',
  'pki.key.encrypted': 'A private key is protected by a password, which is not supported here.',
  'pki.key.unsupported': 'A key is of a kind that this program does not use in this place.',
  'pki.certificate.malformed': 'A certificate could not be read.',
  'pki.not.self.signed': 'A certificate that another one issued cannot be renewed with its own key.',
  'pki.certificate.too.large': 'A certificate would be larger than a device can store (1023 bytes of DER).',
  'pki.request.malformed': 'A certificate request could not be read, or its signature is wrong.',
  'pki.name.invalid': 'A subject name holds something that a certificate cannot carry.',
  'pki.alternative.name.invalid': 'A DNS name or IP address for a certificate is not one.',
  'pki.validity.invalid': 'The dates of a certificate or revocation list make no sense or cannot be written.',
  'pki.serial.invalid': 'A serial number is zero or longer than 20 bytes.',
  'pki.issuer.mismatch': 'The private key that is to sign does not belong to the issuer certificate.',
});
