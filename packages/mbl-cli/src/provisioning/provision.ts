import { interrupted } from '../interrupted.ts';
import type { Connection } from '../ssh/connection.ts';
import { type Delivered, type DeliveryWorld, deliver } from './delivery.ts';
import type { Supplied, Supply } from './supply.ts';

/**
 * Provisions the connected device. A certificate that was made for it is kept, and every failure after that says how to
 * go on.
 */
export async function provisionOne(
  connection: Connection,
  supply: Supply,
  world: DeliveryWorld,
): Promise<Delivered & { supplied: Supplied }> {
  try {
    const items = async () => {
      const { developer, update } = await supply.obtain();
      return [...developer.items, ...update.items];
    };
    const delivered = await deliver(connection, items, world);
    return { ...delivered, supplied: await supply.obtain() };
  } catch (error) {
    throw supply.withWayOn(world.signal.aborted ? interrupted() : error);
  }
}
