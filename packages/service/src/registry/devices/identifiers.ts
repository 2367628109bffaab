/** A UUID in any spelling as 32 lower-case hex digits; any other text as it is. */
export function plainUuid(text: string): string {
  const plain = text.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(plain) ? plain : text;
}

/** A SHA-256 fingerprint in any spelling as 64 lower-case hex digits; undefined for any other text. */
export function plainFingerprint(text: string): string | undefined {
  const plain = text.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(plain) ? plain : undefined;
}

/** A fingerprint as device keys are kept: `AA:BB:…`; any other text as it is. */
export function deviceKeyOf(text: string): string {
  const plain = plainFingerprint(text);
  return plain === undefined ? text : (plain.toUpperCase().match(/../g) as string[]).join(':');
}

/** A fingerprint as 64 upper-case hex digits; any other text as it is. */
export const issuerFingerprintOf = (text: string): string => plainFingerprint(text)?.toUpperCase() ?? text;

const day = 24 * 60 * 60 * 1000;

/** The midnight (UTC) that a time comes after. */
export const midnightOf = (milliseconds: number): number => Math.floor(milliseconds / day) * day;
