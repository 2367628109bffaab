const perLine = 8;

function rows(bytes: Uint8Array): string {
  const elements = Array.from(bytes, (byte) => `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  const lines: string[] = [];
  for (let at = 0; at < elements.length; at += perLine)
    lines.push(`    ${elements.slice(at, at + perLine).join(', ')}`);
  return lines.join(',\n');
}

const array = (name: string, body: string, gap = ' '): string => `const uint8_t ${name}[] =${gap}{\n${body}\n};\n`;
const size = (name: string): string => `const uint16_t ${name}_size = sizeof(${name});\n`;

export interface DevResources {
  vendorId: Uint8Array;
  classId: Uint8Array;
  /** DER. */
  certificate: Uint8Array;
  /** 65 bytes. */
  publicKey: Uint8Array;
}

/** The C file for firmware of the FOTA generation, in the layout of manifest-dev-tool 2.6.2. */
export function devResourcesFile({ vendorId, classId, certificate, publicKey }: DevResources, made: Date): string {
  const time = made.toISOString().slice(0, 19).replace('T', ' ');
  return [
    `// Made by \`manifest-dev-tool init\` of Mooring on ${time} UTC, for tool version 2.6.2. Do not edit.\n`,
    '#include <inttypes.h>\n',
    array('arm_uc_vendor_id', rows(vendorId)) + size('arm_uc_vendor_id'),
    array('arm_uc_class_id', rows(classId)) + size('arm_uc_class_id'),
    `// Firmware that is older refers to it; nothing reads it.\n${array('arm_uc_default_fingerprint', '    0', '  ')}${size('arm_uc_default_fingerprint')}`,
    array('arm_uc_default_certificate', rows(certificate)) + size('arm_uc_default_certificate'),
    array('arm_uc_update_public_key', rows(publicKey)),
  ].join('\n');
}
