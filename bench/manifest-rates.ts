// Manifests signed and verified per second in one process, beside ECDSA with P-256 alone in the same process.
import { hash, sign, verify } from 'node:crypto';
import { encodeResourceV1, type Judge, signV1, signV3, verifyManifest } from '@mooring/manifest';
import { classId, identity, manifestV1, manifestV3, now, vendorId } from '../packages/manifest/test/sample.ts';
import { inTurn, type Measured, table, type Way } from './interleaved.ts';

const { certificate, privateKey, publicKey, signer } = identity();
const [v1, v3] = [manifestV1(), manifestV3()];
const tlv = encodeResourceV1(v1);
const signature = sign('sha256', tlv, privateKey);
const [signedV1, signedV3] = [await signV1(v1, signer, certificate), await signV3(v3, signer)];
const strict: Judge = {
  mode: 'strict',
  certificates: [certificate],
  vendorId,
  classId,
  time: { at: now, source: 'the system clock' },
};
const device = { vendorId, classId, certificates: [certificate] };

function judging(name: string, manifest: Uint8Array, judge: Judge): Way {
  const { ok, checks } = verifyManifest(manifest, judge);
  if (!ok) throw new Error(`${name}: ${JSON.stringify(checks.at(-1))}`);
  return { name, run: () => verifyManifest(manifest, judge) };
}

const signing: Way[] = [
  { name: 'ECDSA alone', run: () => sign('sha256', tlv, privateKey) },
  // What the hash field of schema v1 asks for, and nothing else: on a busy machine the second call costs a cold cache.
  { name: 'and SHA-256 once', run: () => [hash('sha256', tlv, 'buffer'), sign('sha256', tlv, privateKey)] },
  { name: 'schema v1', run: () => signV1(v1, signer, certificate) },
  { name: 'schema v3', run: () => signV3(v3, signer) },
];
const verifying: Way[] = [
  { name: 'ECDSA alone', run: () => verify('sha256', tlv, publicKey, signature) },
  { name: 'and SHA-256 once', run: () => [hash('sha256', tlv, 'buffer'), verify('sha256', tlv, publicKey, signature)] },
  judging('schema v1, strict', signedV1, strict),
  judging('schema v3, strict', signedV3, strict),
  judging('schema v1, as the old client', signedV1, { mode: 'device', client: 'hub', device }),
  judging('schema v1, as the FOTA client', signedV1, { mode: 'device', client: 'fota-v1', device }),
  judging('schema v3, as the FOTA client', signedV3, { mode: 'device', client: 'fota-v3', device }),
];

function rowsOf(title: string, [alone, ...ours]: readonly Measured[]): string[][] {
  return [alone, ...ours].flatMap((way) =>
    way && alone ? [[title, way.name, (1e6 / way.cpu).toFixed(0), (alone.cpu / way.cpu).toFixed(2)]] : [],
  );
}

table([
  ['', 'what', 'per CPU second', 'of ECDSA alone'],
  ...rowsOf('signing', await inTurn(signing)),
  ...rowsOf('verifying', await inTurn(verifying)),
]);
