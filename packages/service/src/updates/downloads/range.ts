/** The part of something that is sent. */
export interface Part {
  readonly first: number;
  /** The last byte of it. */
  readonly last: number;
}

/**
 * Reads a Range header (RFC 9110 §14.2) for something of this size. The unit's name has no case (§14.1).
 *
 * @returns `whole` where there is no range that is understood, as more than one is not; `unsatisfiable` where it begins after the
 *   end
 */
export function parseRange(header: string | undefined, size: number): Part | 'whole' | 'unsatisfiable' {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.replace(/\s/g, '') ?? '');
  if (!found) return 'whole';
  const [, from = '', to = ''] = found;
  if (from === '') {
    if (to === '') return 'whole';
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return 'whole';
  if (first >= size) return 'unsatisfiable';
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}
