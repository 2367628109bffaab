import type { Certificate } from '@mooring/pki';
import { credentialErrors } from './errors.ts';

/** What goes into update_default_resources.c. */
export interface UpdateResourceFields {
  /** 16 bytes */
  vendorId: Uint8Array;
  /** 16 bytes */
  classId: Uint8Array;
  certificate?: Certificate;
  psk?: Uint8Array;
  pskId?: Uint8Array;
}

// No " = " and no include line may stand in it: mbl-cli splits the file there.
const comment = `
// Values with which a device knows its own updates: vendor, model, and the
// certificate or key that signs them. Generated; do not edit.
`;

const hexBytes = (bytes: Uint8Array): string => Array.from(bytes, (byte) => `0x${byte.toString(16)}`).join(', ');

function wrapped(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) lines.push(hexBytes(bytes.subarray(at, at + 16)));
  return lines.join(',\n    ');
}

function checkIds({ vendorId, classId }: UpdateResourceFields): void {
  for (const [field, id] of Object.entries({ vendorId, classId })) {
    if (id.length === 16) continue;
    throw credentialErrors('credentials.field.invalid', {
      message: `The ${field === 'vendorId' ? 'vendor' : 'class'} id has ${id.length} bytes instead of 16.`,
      next: 'Give a UUID.',
      data: { field },
    });
  }
}

/** An array of one byte would be read as text by mbl-cli. */
function checkPsk({ psk, pskId }: UpdateResourceFields): void {
  for (const [field, bytes] of Object.entries({ psk, pskId })) {
    if (bytes?.length !== 1) continue;
    throw credentialErrors('credentials.field.unsafe', {
      message: `A ${field} of a single byte is not written: the C parser of the old mbl-cli takes it for a text.`,
      next: 'Use a pre-shared key of 16 bytes and an id of 32.',
      data: { field },
    });
  }
}

/**
 * update_default_resources.c as manifest-tool 1.4.8 writes it, byte for byte from the first `#ifdef` on: the spacing
 * is its own, and what is absent is an array without content.
 *
 * @throws MooringError `credentials.field.invalid`, `credentials.field.unsafe`
 */
export function writeUpdateResources(fields: UpdateResourceFields): string {
  checkIds(fields);
  checkPsk(fields);
  const { vendorId, classId, certificate } = fields;
  const none = new Uint8Array();
  const fingerprint = certificate ? Buffer.from(certificate.fingerprint, 'hex') : none;
  return `${comment}
#ifdef MBED_CLOUD_CLIENT_USER_CONFIG_FILE
#include MBED_CLOUD_CLIENT_USER_CONFIG_FILE
#endif

#include <stdint.h>

#ifdef MBED_CLOUD_DEV_UPDATE_ID
const uint8_t arm_uc_vendor_id[] = {
    ${hexBytes(vendorId)}
};
const uint16_t arm_uc_vendor_id_size = sizeof(arm_uc_vendor_id);

const uint8_t arm_uc_class_id[]  = {
    ${hexBytes(classId)}
};
const uint16_t arm_uc_class_id_size = sizeof(arm_uc_class_id);
#endif

#ifdef MBED_CLOUD_DEV_UPDATE_CERT
const uint8_t arm_uc_default_fingerprint[] =  {
    ${wrapped(fingerprint)}
};
const uint16_t arm_uc_default_fingerprint_size =
    sizeof(arm_uc_default_fingerprint);

const uint8_t arm_uc_default_subject_key_identifier[] =  {
    ${wrapped(certificate?.subjectKeyIdentifier ?? none)}
};
const uint16_t arm_uc_default_subject_key_identifier_size =
    sizeof(arm_uc_default_subject_key_identifier);

const uint8_t arm_uc_default_certificate[] = {
    ${wrapped(certificate?.der ?? none)}
};
const uint16_t arm_uc_default_certificate_size = sizeof(arm_uc_default_certificate);
#endif


#ifdef MBED_CLOUD_DEV_UPDATE_PSK
const uint8_t arm_uc_default_psk[] = {
    ${hexBytes(fields.psk ?? none)}
};
const uint8_t arm_uc_default_psk_size = sizeof(arm_uc_default_psk);
const uint16_t arm_uc_default_psk_bits = sizeof(arm_uc_default_psk)*8;

const uint8_t arm_uc_default_psk_id[] = {
    ${hexBytes(fields.pskId ?? none)}
};
const uint8_t arm_uc_default_psk_id_size = sizeof(arm_uc_default_psk_id);
#endif
`;
}
