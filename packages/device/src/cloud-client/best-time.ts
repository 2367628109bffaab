import type { Clock } from '@mooring/platform';
import { deviceTime, earliestTime, savedTimeItem } from '../provisioning/device-time.ts';
import type { SecureStorage } from '../secure-storage/storage.ts';

/** The floor is written when it has risen by so much: storage is flash. */
const worthWriting = 24 * 60 * 60 * 1000;

/**
 * The best time that a device knows: its clock, or where that is behind, the last time that somebody vouched for. Only
 * what was verified raises the floor: a server that proved who it is and wrote the time, or the owner's signature.
 */
export class BestTime {
  readonly #storage: SecureStorage;
  readonly #clock: Clock;
  /** What the server said, minus what the clock said then. */
  #offset = 0;
  #floor = 0;

  private constructor(storage: SecureStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  static async open(storage: SecureStorage, clock: Clock): Promise<BestTime> {
    const time = new BestTime(storage, clock);
    const known = await storage.read((snapshot) => deviceTime(snapshot, clock));
    if (known.source === 'saved time' && known.now) {
      time.#floor = known.now.getTime();
      time.#offset = time.#floor - clock.now().getTime();
    }
    return time;
  }

  /** Undefined where the device has no idea. */
  now(): Date | undefined {
    const at = Math.max(this.#floor, this.#clock.now().getTime() + this.#offset);
    return at < earliestTime.getTime() ? undefined : new Date(at);
  }

  /**
   * A time that was vouched for. What lies before the floor is not believed, and nothing beyond what 32 bits hold.
   *
   * @returns whether it was believed
   */
  async vouched(time: Date): Promise<boolean> {
    const at = time.getTime();
    if (!(at >= Math.max(this.#floor, earliestTime.getTime())) || at > 0xffff_ffff * 1000) return false;
    this.#offset = at - this.#clock.now().getTime();
    if (at - this.#floor < worthWriting) return true;
    this.#floor = at;
    const data = Buffer.alloc(8);
    data.writeBigUInt64LE(BigInt(Math.floor(at / 1000)));
    await this.#storage.transaction({ put: [{ name: savedTimeItem, type: 'config', factory: false, data }] });
    return true;
  }
}
