/** CoAP content formats by their media types (IANA, CoAP Content-Formats; OMA DMSE for LwM2M's own). */
const formats: readonly (readonly [format: number, type: string])[] = [
  [0, 'text/plain'],
  [40, 'application/link-format'],
  [41, 'application/xml'],
  [42, 'application/octet-stream'],
  [47, 'application/exi'],
  [50, 'application/json'],
  [60, 'application/cbor'],
  [110, 'application/senml+json'],
  [112, 'application/senml+cbor'],
  [11542, 'application/vnd.oma.lwm2m+tlv'],
  [11543, 'application/vnd.oma.lwm2m+json'],
];

/** Numbers that stood for the same before they were registered; Mbed Linux OS' client has the first. */
const earlier: ReadonlyMap<number, number> = new Map([
  [99, 11542],
  [1542, 11542],
  [1543, 11543],
]);

const typeOf = new Map(formats);
const formatOf = new Map(formats.map(([format, type]) => [type, format]));

/** Undefined for a format that has no media type here. */
export const mediaType = (format: number): string | undefined => typeOf.get(earlier.get(format) ?? format);

/** @param type a media type, with parameters or without; undefined for one that CoAP has no number for */
export function contentFormat(type: string): number | undefined {
  const name = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (/^\d{1,5}$/.test(name) && Number(name) <= 0xffff) return Number(name);
  return formatOf.get(name);
}
