import { type Der, objectIdentifier, printableString, sequence, set, tags, utf8String } from './der.ts';
import type { DerElement, DerReader } from './der-reader.ts';
import { textOf } from './der-reader.ts';
import { pkiErrors } from './errors.ts';
import { attributeShortNames, attributeTypes } from './object-identifiers.ts';

/** The attributes of a distinguished name that are used here; written in the order of this list. */
export interface Name {
  /** Two letters, ISO 3166 (`UK` is taken as well). */
  country?: string;
  state?: string;
  locality?: string;
  organization?: string;
  organizationalUnit?: string;
  commonName?: string;
}

interface Attribute {
  field: keyof Name;
  type: string;
  /** Upper bound in characters (X.520, RFC 5280 appendix A.1). */
  limit: number;
}

const attributes: readonly Attribute[] = [
  { field: 'country', type: attributeTypes.C, limit: 2 },
  { field: 'state', type: attributeTypes.ST, limit: 128 },
  { field: 'locality', type: attributeTypes.L, limit: 128 },
  { field: 'organization', type: attributeTypes.O, limit: 64 },
  { field: 'organizationalUnit', type: attributeTypes.OU, limit: 64 },
  { field: 'commonName', type: attributeTypes.CN, limit: 64 },
];

const fieldOfType = new Map(attributes.map(({ type, field }) => [type, field]));
const typeDer = new Map(attributes.map(({ type }) => [type, objectIdentifier(type)]));

const invalid = (field: string, reason: string) =>
  pkiErrors('pki.name.invalid', {
    message: `The subject's ${field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${reason}.`,
    next: 'Change it and repeat; nothing was made.',
    data: { field },
  });

function checkAttribute({ field, limit }: Attribute, value: string, limits: boolean): void {
  // A PrintableString; the letters are not checked against ISO 3166, where the much used UK does not stand.
  if (field === 'country' && !/^[A-Za-z]{2}$/.test(value)) throw invalid(field, 'has to be two letters, such as GB');
  if (value.includes('\0') || !value.isWellFormed()) throw invalid(field, 'holds a character that is not text');
  if (limits && [...value].length > limit) throw invalid(field, `has more than ${limit} characters`);
}

/**
 * A Name: C as PrintableString, all others as UTF8String, one attribute per set. Empty texts are left out.
 *
 * @param limits whether the upper bounds of X.520 are kept; manifest-tool's update certificate has none
 * @throws MooringError `pki.name.invalid`
 */
export function encodeName(name: Name, limits = true): Der {
  const sets: Der[] = [];
  for (const attribute of attributes) {
    const value = name[attribute.field];
    if (value === undefined || value === '') continue;
    checkAttribute(attribute, value, limits);
    const text = attribute.field === 'country' ? printableString(value) : utf8String(value);
    sets.push(set(sequence(typeDer.get(attribute.type) as Der, text)));
  }
  return sequence(...sets);
}

export interface DecodedName {
  /** First value of each attribute. */
  name: Name;
  /** All attributes in the order of the certificate, as RFC 4514 escapes them: `C=GB,O=Arm,CN=a`. */
  text: string;
  der: Der;
}

const escapeText = (text: string): string =>
  text
    .replaceAll(/[\\",+;<>]/g, '\\$&')
    .replaceAll(/[\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!\\) $/, '\\ ');

function attributeText(type: string, value: DerElement, text: string | undefined): string {
  const label = attributeShortNames.get(type);
  if (label && text !== undefined) return `${label}=${escapeText(text)}`;
  return `${label ?? type}=#${Buffer.from(value.bytes).toString('hex')}`;
}

const stringTags: ReadonlySet<number> = new Set([
  tags.utf8String,
  tags.numericString,
  tags.printableString,
  tags.teletexString,
  tags.ia5String,
  tags.visibleString,
  tags.universalString,
  tags.bmpString,
]);

/** @throws MooringError `pki.der.malformed` */
export function readName(reader: DerReader, field: string): DecodedName {
  const element = reader.next(tags.sequence, field);
  const sets = reader.within(element);
  const name: Name = {};
  const texts: string[] = [];
  while (!sets.done) {
    const members = sets.enter(tags.set, `an attribute of ${field}`);
    const parts: string[] = [];
    do {
      const pair = members.enter(tags.sequence, `an attribute of ${field}`);
      const type = pair.objectIdentifier(`an attribute type of ${field}`);
      const value = pair.next(undefined, `an attribute value of ${field}`);
      pair.finish();
      const text = textOf(value);
      if (text === undefined && stringTags.has(value.tag)) reader.fail(`${field} holds broken text`, value.start);
      const known = fieldOfType.get(type);
      if (known && text !== undefined) name[known] ??= text;
      parts.push(attributeText(type, value, text));
    } while (!members.done);
    texts.push(parts.join('+'));
  }
  return { name, text: texts.join(','), der: element.bytes };
}
