/** Errors of the old client's manifest manager and hub that a manifest can bring about, and what it then reports. */
export const hubResults = {
  MFST_ERR_NULL_PTR: 200,
  MFST_ERR_SIZE: 217,
  MFST_ERR_DER_FORMAT: 218,
  MFST_ERR_FORMAT: 218,
  MFST_ERR_VERSION: 214,
  MFST_ERR_CRYPTO_MODE: 219,
  MFST_ERR_HASH: 207,
  MFST_ERR_GUID_VENDOR: 215,
  MFST_ERR_GUID_DEVCLASS: 216,
  MFST_ERR_CERT_INVALID: 209,
  MFST_ERR_INVALID_SIGNATURE: 210,
  MFST_ERR_EMPTY_FIELD: 220,
  MFST_ERR_FIRMWARE_SIZE: 200,
  ARM_UC_CM_ERR_NOT_FOUND: 208,
  ARM_UC_DP_ERR_NOT_FOUND: 218,
  HUB_ERR_ROLLBACK_PROTECTION: 221,
  HUB_ERR_PRECURSOR_MISMATCH: 229,
  SOMA_ERR_INVALID_URI: 307,
  /** An error of Mbed TLS that nobody translated: reported as an unspecific one of the system. */
  DER_PARSER: 103,
} as const;

export type HubResultName = keyof typeof hubResults;

export class HubRefusal extends Error {
  readonly code: HubResultName;
  readonly field: string;

  constructor(code: HubResultName, field: string, detail: string) {
    super(detail);
    this.code = code;
    this.field = field;
  }
}
