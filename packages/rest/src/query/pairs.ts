/** Percent-decoding that leaves alone what is not a valid sequence: a filter value may hold a bare `%`. */
export function decodeLeniently(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (sequence) => {
      try {
        return decodeURIComponent(sequence);
      } catch {
        return sequence;
      }
    });
  }
}

/**
 * Splits a query string into decoded pairs in order, with every repetition; `+` is a space.
 * Takes any text: nothing is refused here.
 */
export function queryPairs(query: string): [name: string, value: string][] {
  return splitPairs(query).map(([name, value]) => [
    decodeLeniently(name.replaceAll('+', ' ')),
    decodeLeniently(value.replaceAll('+', ' ')),
  ]);
}

/** The same without decoding. */
export function splitPairs(query: string): [name: string, value: string][] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    });
}
