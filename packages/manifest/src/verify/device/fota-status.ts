/** Results of the FOTA client (fota_status.h) that a manifest can bring about, by the name that its log has. */
export const fotaStatus = {
  MANIFEST_INVALID_URI: -21,
  MANIFEST_MALFORMED: -22,
  MANIFEST_SIGNATURE_INVALID: -23,
  MANIFEST_PAYLOAD_UNSUPPORTED: -25,
  MANIFEST_VERSION_REJECTED: -27,
  MANIFEST_SCHEMA_UNSUPPORTED: -28,
  MANIFEST_CUSTOM_DATA_TOO_BIG: -29,
  MANIFEST_WRONG_VENDOR_ID: -30,
  MANIFEST_WRONG_CLASS_ID: -31,
  MANIFEST_PRECURSOR_MISMATCH: -32,
  UNEXPECTED_COMPONENT: -39,
  INTERNAL_ERROR: -41,
  INTERNAL_CRYPTO_ERROR: -43,
} as const;

export type FotaStatusName = keyof typeof fotaStatus;

/** Ends the reading of a manifest. */
export class Refusal extends Error {
  readonly status: FotaStatusName;
  readonly field: string;

  constructor(status: FotaStatusName, field: string, detail: string) {
    super(detail);
    this.status = status;
    this.field = field;
  }
}

/** Ends the client: a failed assertion, or a pointer to nowhere. */
export class Crash extends Error {
  readonly signal: 'SIGABRT' | 'SIGSEGV';
  readonly field: string;

  constructor(signal: 'SIGABRT' | 'SIGSEGV', field: string, detail: string) {
    super(detail);
    this.signal = signal;
    this.field = field;
  }
}

/** Refuses with `MANIFEST_MALFORMED` where a read failed. */
export function readOrRefuse(error: number, field: string): void {
  if (error) throw new Refusal('MANIFEST_MALFORMED', field, `DER error ${error}`);
}
