import { lwm2mErrors } from '../errors.ts';

/** Numbers of content formats (IANA, CoAP Content-Formats; OMA LwM2M 1.1 §7.4). */
export const contentFormats = {
  text: 0,
  linkFormat: 40,
  opaque: 42,
  cbor: 60,
  senmlJson: 110,
  senmlCbor: 112,
  tlv: 11542,
  json: 11543,
} as const;

/** Numbers from before OMA had its own. Pelion's older clients still send 99. */
const former = new Map<number, number>([
  [99, contentFormats.tlv],
  [1541, contentFormats.text],
  [1542, contentFormats.tlv],
  [1543, contentFormats.json],
  [1544, contentFormats.opaque],
]);

/** The number in use today for what a peer named. */
export const currentFormat = (format: number): number => former.get(format) ?? format;

const names = new Map<number, string>([
  [contentFormats.text, 'text/plain'],
  [contentFormats.linkFormat, 'application/link-format'],
  [contentFormats.opaque, 'application/octet-stream'],
  [contentFormats.cbor, 'application/cbor'],
  [contentFormats.senmlJson, 'application/senml+json'],
  [contentFormats.senmlCbor, 'application/senml+cbor'],
  [contentFormats.tlv, 'application/vnd.oma.lwm2m+tlv'],
  [contentFormats.json, 'application/vnd.oma.lwm2m+json'],
]);

/** The media type of a content format; undefined for formats that are not LwM2M's. */
export const mediaType = (format: number): string | undefined => names.get(currentFormat(format));

/** The content format of a media type, parameters left aside. */
export function formatOfMediaType(type: string): number | undefined {
  const wanted = type.split(';', 1)[0]?.trim().toLowerCase();
  for (const [format, name] of names) if (name === wanted) return format;
  return undefined;
}

export function malformed(format: string, reason: string, offset?: number): never {
  const place = offset === undefined ? '' : ` at byte ${offset}`;
  throw lwm2mErrors('lwm2m.payload.malformed', {
    message: `${format}${place}: ${reason}.`,
    next: 'The peer sent something that is not of the content format that it names.',
    data: offset === undefined ? { format } : { format, offset },
  });
}

export function unsupported(format: number, what: string): never {
  throw lwm2mErrors('lwm2m.format.unsupported', {
    message: `Content format ${format}${names.has(format) ? ` (${names.get(format)})` : ''} cannot carry ${what}.`,
    next: 'Ask for, or send, another content format.',
    data: { format },
  });
}
