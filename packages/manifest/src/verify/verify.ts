import type { FieldedDevice } from './device/device.ts';
import { judgeAsFota } from './device/fota.ts';
import { judgeAsHub } from './device/hub.ts';
import { judgeStrictly } from './strict.ts';
import { judgeAsTool, type ToolOptions } from './tool.ts';
import type { StrictOptions } from './trust.ts';
import type { Verdict } from './verdict.ts';

export type Judge =
  | { mode: 'device'; client: 'hub' | 'fota-v1' | 'fota-v3'; device: FieldedDevice }
  | ({ mode: 'strict' } & StrictOptions)
  | ({ mode: 'tool' } & ToolOptions);

/**
 * What someone says to a manifest: a fielded device, exactly as its client decides; our own strict check; or
 * `manifest-tool verify` of the 1.x line.
 */
export function verifyManifest(bytes: Uint8Array, judge: Judge): Verdict {
  if (judge.mode === 'strict') return judgeStrictly(bytes, judge);
  if (judge.mode === 'tool') return judgeAsTool(bytes, judge);
  switch (judge.client) {
    case 'hub':
      return judgeAsHub(bytes, judge.device);
    case 'fota-v1':
      return judgeAsFota(1, bytes, judge.device);
    case 'fota-v3':
      return judgeAsFota(3, bytes, judge.device);
  }
}
