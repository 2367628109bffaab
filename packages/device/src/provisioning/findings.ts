/**
 * What can be wrong with credentials or a provisioned device. `text` is the old utility's wording, which scripts
 * read, and `status` its factory configurator number (fcc_status_e); `meaning` is for the reference page.
 */
export const errorFindings = {
  missing: { text: 'Item does not exist', status: 25, meaning: 'The item was never stored.' },
  empty: { text: 'Item empty', status: 26, meaning: 'The item has no content.' },
  size: { text: 'Item size is wrong', status: 27, meaning: 'The content is longer or shorter than the item may be.' },
  uri: {
    text: 'URI format incorrect',
    status: 28,
    meaning: 'The server URI does not begin with `coap://` or `coaps://`, or has no `?aid=` or `&aid=`.',
  },
  firstToClaim: {
    text: 'first to claim not allowed',
    status: 29,
    meaning:
      'The device is in first-to-claim mode, and its URI names an account, or it does not use a bootstrap server.',
  },
  bootstrapMode: {
    text: 'Bootstrap mode value incorrect',
    status: 30,
    meaning: '`mbed.UseBootstrap` is neither 0 nor 1.',
  },
  utcOffset: {
    text: 'UTC offset incorrect',
    status: 33,
    meaning: 'The offset is not of the form `+hh:mm` or `-hh:mm`.',
  },
  keyMismatch: {
    text: 'Certificate public key validation failed',
    status: 34,
    meaning: 'The private key does not belong to the certificate.',
  },
  name: {
    text: 'Certificate CN attribute invalid',
    status: 14,
    meaning:
      'The CN of the device certificate is not the endpoint name, or the OU of the LwM2M certificate is not the account of the URI.',
  },
  expired: {
    text: 'Certificate expired',
    status: 13,
    meaning: 'By the best time known, the certificate is past its end.',
  },
  certificate: {
    text: 'Certificate invalid',
    status: 10,
    meaning: 'The device certificate is not for clients: its extended key usage lacks clientAuth.',
  },
  certificateSyntax: {
    text: 'Certificate parse failed',
    status: 18,
    meaning: 'The content is not one X.509 certificate in DER form.',
  },
  keySyntax: {
    text: 'Private key parse failed',
    status: 18,
    meaning: 'The content is not a P-256 private key in DER form (SEC1 or PKCS#8), without password.',
  },
  storage: { text: 'Internal storage error', status: 16, meaning: 'The secure storage could not be read or written.' },
} as const;

export const warningFindings = {
  notSet: { text: 'Item not set', meaning: 'Something the device can do without was not given.' },
  noBootstrap: { text: 'Bootstrap mode not activated', meaning: 'The device goes to the LwM2M server directly.' },
  selfSigned: { text: 'Certificate is self signed', meaning: 'The device certificate is its own issuer.' },
  redundant: {
    text: 'Item redundant',
    meaning: 'An item of the mode that is not in use. After a bootstrap this is usual.',
  },
  unchecked: {
    text: 'Certificate validity cannot be checked',
    meaning: 'The time is not known, or the certificate begins in the future.',
  },
  short: { text: 'Certificate validity is less than 10 years', meaning: 'The certificate ends within ten years.' },
} as const;

export type ErrorKind = keyof typeof errorFindings;
export type WarningKind = keyof typeof warningFindings;

export interface Finding<Kind extends string = ErrorKind | WarningKind> {
  readonly kind: Kind;
  /** Name of the item in the secure storage. */
  readonly item: string;
  /** What was found, as a sentence. */
  readonly reason: string;
}

/** The old form, `<text>:<item>`. */
export function findingLine({ kind, item }: Finding): string {
  const { text } = { ...errorFindings, ...warningFindings }[kind];
  return `${text}:${item}`;
}

/** For `--json`. */
export function findingData(finding: Finding): Readonly<Record<string, unknown>> {
  const status = finding.kind in errorFindings ? { status: errorFindings[finding.kind as ErrorKind].status } : {};
  return { text: findingLine(finding), item: finding.item, ...status, reason: finding.reason };
}
