/** What the contract or common sense bounds; milliseconds where it is a time. */
export interface ConnectLimits {
  /** How long a poll is held without news: clients give up after 60 s. */
  pollWait: number;
  /** A pull channel that nobody polls is deleted after this. */
  pollIdle: number;
  /** A websocket channel without a socket is deleted after this. */
  socketIdle: number;
  socketPing: number;
  /** Per delivery to a callback. */
  callbackTimeout: number;
  callbackFirstRetry: number;
  callbackMostRetry: number;
  /** A callback that fails for so long is deleted. */
  callbackGiveUp: number;
  /** Messages of one key: the oldest are dropped past either. */
  queueBytes: number;
  queueAge: number;
  /** Messages for a key that has no channel wait so long for one. */
  unclaimedAge: number;
  /** Messages in one delivery. */
  chunk: number;
  /** Requests that wait for one device. */
  deviceQueue: number;
  payload: number;
  presubscriptions: number;
  presubscriptionPaths: number;
  cachedValues: number;
  cachedBytes: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

export const defaultConnectLimits: ConnectLimits = {
  pollWait: 30 * second,
  pollIdle: 10 * minute,
  socketIdle: 24 * hour,
  socketPing: 30 * second,
  callbackTimeout: 20 * second,
  callbackFirstRetry: second,
  callbackMostRetry: 2 * minute,
  callbackGiveUp: 24 * hour,
  queueBytes: 50 * 1024 * 1024,
  queueAge: 24 * hour,
  unclaimedAge: 10 * minute,
  chunk: 10_000,
  deviceQueue: 20,
  payload: 1024 * 1024,
  presubscriptions: 1024,
  presubscriptionPaths: 256,
  cachedValues: 100_000,
  cachedBytes: 64 * 1024 * 1024,
};
