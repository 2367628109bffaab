import type { Duplex } from 'node:stream';
import type { AccountInfo, RestClient } from '@mooring/rest';
import type { Connection } from '../ssh/connection.ts';
import type { Target } from '../ssh/target.ts';
import type { StoredCertificate } from '../stores/stored-certificate.ts';
import type { TeamStore } from '../stores/team-store.ts';
import type { UserStore } from '../stores/user-store.ts';
import type { Greeting } from './greeting.ts';

/** What is examined, and what the rungs have found so far: each uses what those it needs have left here. */
export interface Examination {
  home: string;
  signal: AbortSignal;
  now(): Date;
  team: TeamStore;
  user: UserStore;
  /** Names of the certificates, if they were given. */
  names: { developer: string | undefined; update: string | undefined };
  target?: Target;
  /** IP address of the target; undefined where a proxy leads to it. */
  address?: string;
  socket?: Duplex;
  greeting?: Greeting;
  connection?: Connection;
  developer?: StoredCertificate;
  update?: StoredCertificate;
  client?: RestClient;
  account?: AccountInfo;
}

/** For a rung that uses what another one must have left. */
export function left<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('a rung was climbed without the one it needs');
  return found;
}
