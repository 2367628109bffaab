import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type DeltaHeader, deltaMagic, hexOutput, readDeltaHeader } from '@mooring/manifest';
import { isMooringError } from '@mooring/platform';
import { type DeltaMetadata, metadataFileOf, metadataOf } from '../../schema-3/delta-metadata.ts';
import type { Finding } from '../finding.ts';
import type { Fact, Item, Source } from '../item.ts';

function metadataFacts({ installedSize, installedDigest, precursorDigest }: DeltaMetadata): Fact[] {
  return [
    ['made for', `SHA-256 ${hexOutput(precursorDigest)}`],
    ['makes', `${installedSize} bytes, SHA-256 ${hexOutput(installedDigest)}`],
  ];
}

const metadataDetails = (metadata: DeltaMetadata) => ({
  installedSize: metadata.installedSize,
  installedDigest: hexOutput(metadata.installedDigest),
  precursorDigest: hexOutput(metadata.precursorDigest),
});

/** The file beside, if there is one. */
function beside({ file, path }: Source): { name: string; metadata?: DeltaMetadata; reason?: string } {
  const name = metadataFileOf(file);
  const place = path === undefined ? undefined : metadataFileOf(path);
  if (place === undefined || !existsSync(place)) return { name, reason: 'is missing' };
  try {
    return { name, metadata: metadataOf({ file: name, data: readFileSync(place) }) };
  } catch (error) {
    if (!isMooringError(error)) throw error;
    return { name, reason: 'is not what manifest-delta-tool writes' };
  }
}

function metadataFindings(file: string, header: DeltaHeader, found: ReturnType<typeof beside>): Finding[] {
  const { name, metadata, reason } = found;
  const add = (weight: Finding['weight'], text: string): Finding[] => [
    { weight, code: 'delta.metadata', files: [file, name], text },
  ];
  if (!metadata)
    return add('warning', `${basename(name)} ${reason}: without it no manifest can be made for this delta`);
  if (metadata.installedSize === header.newSize) return [];
  return add(
    'problem',
    `the delta makes an image of ${header.newSize} bytes, ${basename(name)} speaks of ${metadata.installedSize}: they are not of one run`,
  );
}

/** @throws MooringError `delta.header.malformed` */
export function deltaItem(source: Source): Item {
  const header = readDeltaHeader(source.head);
  const found = beside(source);
  const { metadata } = found;
  const percent = ((source.size / header.newSize) * 100).toFixed(2);
  return {
    file: source.file,
    kind: 'delta',
    title: `delta (${deltaMagic})`,
    facts: [
      ...(metadata ? metadataFacts(metadata) : [['makes', `${header.newSize} bytes`] as const]),
      ['saves', `${source.size} of ${header.newSize} bytes are sent, ${percent} %`],
      ['buffers', `frames of at most ${header.maxFrame} bytes; packed ones of at most ${header.maxCompressed}`],
    ],
    details: {
      newSize: header.newSize,
      maxFrame: header.maxFrame,
      maxCompressed: header.maxCompressed,
      ...(metadata ? metadataDetails(metadata) : {}),
    },
    findings: metadataFindings(source.file, header, found),
    delta: { header, ...(metadata ? { metadata } : {}) },
  };
}

export const deltaMetadataItem = ({ file }: Source, metadata: DeltaMetadata): Item => ({
  file,
  kind: 'delta-metadata',
  title: 'description of a delta',
  facts: metadataFacts(metadata),
  details: metadataDetails(metadata),
  findings: [],
});
