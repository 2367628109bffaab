/** `A-` and 32 pairs of hex digits with colons between, in either case. */
const pattern = /^A-([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/;

/**
 * The SHA-256 fingerprint of a device's certificate that an enrolment identity says, lower-case hex; undefined for a text that
 * is none.
 */
export const enrolledFingerprint = (identity: string): string | undefined =>
  pattern.exec(identity)?.[1]?.replaceAll(':', '').toLowerCase();

/** The enrolment identity of a device with this certificate. @param fingerprint SHA-256, lower-case hex */
export const enrolmentIdentity = (fingerprint: string): string =>
  `A-${fingerprint.toUpperCase().match(/../g)?.join(':') ?? ''}`;
