export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** For maps: one character per byte. */
export function tokenKey(token: Uint8Array): string {
  let key = '';
  for (let index = 0; index < token.length; index++) key += String.fromCharCode(token[index] as number);
  return key;
}
