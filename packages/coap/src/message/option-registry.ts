import type { Option } from './message.ts';

export interface OptionKind {
  readonly name: string;
  readonly format: 'empty' | 'opaque' | 'uint' | 'string';
  /** Bytes of the value. */
  readonly shortest: number;
  readonly longest: number;
  readonly repeatable: boolean;
}

const kind = (
  name: string,
  format: OptionKind['format'],
  shortest: number,
  longest: number,
  repeatable = false,
): OptionKind => ({ name, format, shortest, longest, repeatable });

export const optionNumbers = {
  ifMatch: 1,
  uriHost: 3,
  etag: 4,
  ifNoneMatch: 5,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  hopLimit: 16,
  accept: 17,
  locationQuery: 20,
  block2: 23,
  block1: 27,
  size2: 28,
  proxyUri: 35,
  proxyScheme: 39,
  size1: 60,
  echo: 252,
  noResponse: 258,
  requestTag: 292,
} as const;

/** RFC 7252 §5.10, 7641 §2, 7959 §2.1 and §4, 7967, 8613, 8768, 9175. */
export const optionKinds: ReadonlyMap<number, OptionKind> = new Map([
  [1, kind('If-Match', 'opaque', 0, 8, true)],
  [3, kind('Uri-Host', 'string', 1, 255)],
  [4, kind('ETag', 'opaque', 1, 8, true)],
  [5, kind('If-None-Match', 'empty', 0, 0)],
  [6, kind('Observe', 'uint', 0, 3)],
  [7, kind('Uri-Port', 'uint', 0, 2)],
  [8, kind('Location-Path', 'string', 0, 255, true)],
  [9, kind('OSCORE', 'opaque', 0, 255)],
  [11, kind('Uri-Path', 'string', 0, 255, true)],
  [12, kind('Content-Format', 'uint', 0, 2)],
  [14, kind('Max-Age', 'uint', 0, 4)],
  [15, kind('Uri-Query', 'string', 0, 255, true)],
  [16, kind('Hop-Limit', 'uint', 1, 1)],
  [17, kind('Accept', 'uint', 0, 2)],
  [20, kind('Location-Query', 'string', 0, 255, true)],
  [23, kind('Block2', 'uint', 0, 3)],
  [27, kind('Block1', 'uint', 0, 3)],
  [28, kind('Size2', 'uint', 0, 4)],
  [35, kind('Proxy-Uri', 'string', 1, 1034)],
  [39, kind('Proxy-Scheme', 'string', 1, 255)],
  [60, kind('Size1', 'uint', 0, 4)],
  [252, kind('Echo', 'opaque', 1, 40)],
  [258, kind('No-Response', 'uint', 0, 1)],
  [292, kind('Request-Tag', 'opaque', 0, 8, true)],
]);

/** RFC 7252 §5.4.6: what an option's number says of it. */
export const isCritical = (number: number): boolean => (number & 1) !== 0;
/** A proxy that does not know the option must not forward the message. */
export const isUnsafe = (number: number): boolean => (number & 2) !== 0;
/** Two requests that differ only in such options ask for the same. */
export const isNoCacheKey = (number: number): boolean => (number & 0x1e) === 0x1c;

export const optionName = (number: number): string => optionKinds.get(number)?.name ?? `option ${number}`;

/**
 * Leaves out what a receiver has to ignore, and names the first critical option that it cannot ignore: unknown ones,
 * values of a forbidden length, and repetitions of what may stand only once (RFC 7252 §5.4.1, §5.4.3, §5.4.5).
 */
export function recognizedOptions(
  options: readonly Option[],
  further?: ReadonlySet<number>,
): { readonly options: readonly Option[]; readonly refused?: number } {
  let kept: Option[] | undefined;
  for (let index = 0; index < options.length; index++) {
    const option = options[index] as Option;
    const { number, value } = option;
    const known = optionKinds.get(number);
    const good =
      known === undefined
        ? further?.has(number) === true
        : value.length >= known.shortest &&
          value.length <= known.longest &&
          (known.repeatable || options[index - 1]?.number !== number);
    if (good) kept?.push(option);
    else if (isCritical(number)) return { options, refused: number };
    else kept ??= options.slice(0, index);
  }
  return { options: kept ?? options };
}
