import type { KeyObject } from 'node:crypto';
import type { DecodedManifest, DeltaHeader } from '@mooring/manifest';
import type { Certificate } from '@mooring/pki';
import type { DeltaMetadata } from '../schema-3/delta-metadata.ts';
import type { Finding } from './finding.ts';

export type Kind =
  | 'manifest'
  | 'certificate'
  | 'private-key'
  | 'public-key'
  | 'update-resources'
  | 'developer-credentials'
  | 'delta'
  | 'delta-metadata'
  | 'package'
  | 'settings'
  | 'dev-settings'
  | 'cloud-settings'
  | 'master-key'
  | 'image'
  | 'damaged';

/** A label and what stands beside it on the page. */
export type Fact = readonly [label: string, text: string];

/** What a device that was made from a file knows itself by, and verifies updates with. */
export interface DeviceIdentity {
  readonly vendorId: Uint8Array;
  readonly classId: Uint8Array;
  readonly certificates: readonly Certificate[];
}

/** One thing that was looked at. What it has besides its facts is what others are compared with. */
export interface Item {
  /** As the person knows it: the path as typed, or below a folder as typed. */
  readonly file: string;
  readonly kind: Kind;
  /** `update manifest of schema v1` */
  readonly title: string;
  readonly facts: readonly Fact[];
  /** For `--json`, besides file, kind, size and sha256. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  readonly manifest?: { readonly decoded: DecodedManifest; readonly bytes: Uint8Array };
  readonly certificates?: readonly Certificate[];
  /** Of a key file: the public half. */
  readonly publicKey?: KeyObject;
  readonly device?: DeviceIdentity;
  readonly delta?: { readonly header: DeltaHeader; readonly metadata?: DeltaMetadata };
  /** Of a package: SHA-256 of each image in it, by its name. */
  readonly members?: ReadonlyMap<string, string>;
  /** Of a master key, or of what was made with it. */
  readonly pskId?: Uint8Array;
  /** The settings folder that it was found through: in there everything has to agree. */
  readonly folder?: string;
}

/** An item with the file that it was read from. */
export type ReadItem = Item & { readonly size: number; readonly sha256: string; readonly path: string | undefined };

/** A file as a reader of one kind gets it: the whole of it, unless it is too large to be anything but an image. */
export interface Source {
  readonly file: string;
  readonly head: Uint8Array;
  readonly size: number;
  readonly sha256: string;
  /** Absolute; undefined for standard input. */
  readonly path: string | undefined;
  /** The version string of a library that applies deltas, if there is one anywhere in the file. */
  readonly deltaVersion: string | undefined;
  /** Permission bits. */
  readonly mode: number | undefined;
}
