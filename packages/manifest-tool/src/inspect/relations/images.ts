import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { applyDeltaStream, type DecodedManifest, hexOutput, manifestOf } from '@mooring/manifest';
import { isMooringError, openForReading } from '@mooring/platform';
import type { DeltaMetadata } from '../../schema-3/delta-metadata.ts';
import { visible } from '../../visible.ts';
import type { Finding } from '../finding.ts';
import type { ReadItem } from '../item.ts';

/** What a manifest says about files, by their SHA-256. */
interface Described {
  payload: { sha256: string; size: number; uri: string } | undefined;
  installed: string | undefined;
  precursor: string | undefined;
}

function describedBy(decoded: DecodedManifest): Described {
  const hex = (bytes: Uint8Array | undefined) => bytes && hexOutput(bytes);
  if (decoded.schema === 'v3') {
    const { payloadDigest, payloadSize, payloadUri, payloadMetadata } = decoded.value.manifest;
    return {
      payload: { sha256: hexOutput(payloadDigest), size: payloadSize, uri: payloadUri },
      installed: hex(payloadMetadata?.installedDigest),
      precursor: hex(payloadMetadata?.precursorDigest),
    };
  }
  const manifest = manifestOf(decoded.value.resource);
  const { reference, installedDigest } = manifest?.payload ?? {};
  return {
    payload: reference && { sha256: hexOutput(reference.hash), size: reference.size, uri: reference.uri ?? '' },
    installed: hex(installedDigest),
    precursor: hex(manifest?.precursorDigest),
  };
}

const isImage = ({ kind }: ReadItem): boolean => kind === 'image' || kind === 'delta' || kind === 'package';

function ofManifest(manifest: ReadItem, described: Described, image: ReadItem, isOnly: boolean): Finding | undefined {
  const finding = (weight: Finding['weight'], text: string): Finding => ({
    weight,
    code: 'manifest.payload',
    files: [manifest.file, image.file],
    text,
  });
  const { payload, installed, precursor } = described;
  if (image.sha256 === payload?.sha256) {
    if (image.size === payload.size) return finding('fits', `${image.file} is the payload of ${manifest.file}`);
    const text = `${image.file} has the digest of the payload of ${manifest.file}, which says ${payload.size} bytes in place of ${image.size}`;
    return finding('problem', text);
  }
  if (image.sha256 === installed) return finding('fits', `${image.file} is the image that ${manifest.file} installs`);
  if (image.sha256 === precursor) return finding('fits', `${image.file} is the image that ${manifest.file} is for`);
  if (!payload) return undefined;
  const sameName = basename(payload.uri.split(/[?#]/, 1)[0] as string) === basename(image.file);
  if (!sameName && !isOnly) return undefined;
  const text = `${image.file} is not the payload of ${manifest.file}: ${image.size} bytes, SHA-256 ${image.sha256}, in place of ${payload.size} bytes`;
  return finding(sameName ? 'problem' : 'warning', text);
}

/** What the delta makes of the image that it is for, if both are here. */
async function applied(delta: ReadItem, old: ReadItem, { installedDigest }: DeltaMetadata): Promise<Finding> {
  const finding = (weight: Finding['weight'], text: string): Finding => ({
    weight,
    code: 'delta.applied',
    files: [delta.file, old.file],
    text,
  });
  const access = await openForReading(old.path as string);
  try {
    const hash = createHash('sha256');
    for await (const piece of applyDeltaStream(access, createReadStream(delta.path as string))) hash.update(piece);
    return hash.digest('hex') === hexOutput(installedDigest)
      ? finding('fits', `${delta.file} makes the image that it promises from ${old.file}`)
      : finding('problem', `${delta.file} makes another image from ${old.file} than its .yaml file promises`);
  } catch (error) {
    if (!isMooringError(error)) throw error;
    return finding('problem', `${delta.file} cannot be applied to ${old.file}: ${error.message.replace(/\.$/, '')}`);
  } finally {
    await access.close();
  }
}

async function ofDelta(delta: ReadItem, images: readonly ReadItem[]): Promise<Finding[]> {
  const metadata = delta.delta?.metadata;
  if (!metadata) return [];
  const findings: Finding[] = [];
  const [old, made] = [metadata.precursorDigest, metadata.installedDigest].map(hexOutput);
  for (const image of images) {
    if (image.sha256 !== old && image.sha256 !== made) continue;
    const role = image.sha256 === old ? 'applies to' : 'makes';
    findings.push({
      weight: 'fits',
      code: 'delta.image',
      files: [delta.file, image.file],
      text: `${image.file} is the image that ${delta.file} ${role}`,
    });
    const atHand = delta.path !== undefined && image.path !== undefined;
    if (image.sha256 === old && atHand) findings.push(await applied(delta, image, metadata));
  }
  return findings;
}

/** Which files are in which package. */
function ofPackage({ file, members = new Map() }: ReadItem, images: readonly ReadItem[]): Finding[] {
  return [...members].flatMap(([name, sha256]) =>
    images
      .filter((image) => image.sha256 === sha256)
      .map(
        (image): Finding => ({
          weight: 'fits',
          code: 'package.image',
          files: [file, image.file],
          text: `${image.file} is the image for ${visible(name)} in ${file}`,
        }),
      ),
  );
}

/** Which file is what a manifest, delta or package speaks of. */
export async function imageFindings(items: readonly ReadItem[]): Promise<Finding[]> {
  const images = items.filter(isImage);
  const manifests = items.filter(({ manifest }) => manifest);
  const isOnly = images.length === 1 && manifests.length === 1;
  const findings: Finding[] = [];
  for (const item of manifests) {
    const described = item.manifest && describedBy(item.manifest.decoded);
    if (!described) continue;
    for (const image of images) {
      const found = ofManifest(item, described, image, isOnly);
      if (found) findings.push(found);
    }
  }
  for (const item of images) {
    findings.push(...ofPackage(item, images));
    if (item.delta) {
      const others = images.filter(({ kind }) => kind !== 'delta');
      findings.push(...(await ofDelta(item, others)));
    }
  }
  return findings;
}
