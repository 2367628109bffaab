import { interrupted } from '../interrupted.ts';
import type { Connection } from '../ssh/connection.ts';
import { type Delivered, type DeliveryWorld, deliver } from './delivery.ts';
import type { DeviceItems } from './device-items.ts';
import type { Supplied, Supply } from './supply.ts';

/**
 * Provisions the connected device. A certificate that was made for it is kept, and every failure after that says how to
 * go on.
 */
export async function provisionOne(
  connection: Connection,
  supply: Supply,
  itemsOf: (connection: Connection, supplied: Supplied) => Promise<DeviceItems>,
  world: DeliveryWorld,
): Promise<Delivered & { supplied: Supplied; given: DeviceItems }> {
  try {
    let given: DeviceItems = { items: [] };
    const delivered = await deliver(
      connection,
      async () => {
        given = await itemsOf(connection, await supply.obtain());
        return given.items;
      },
      world,
    );
    return { ...delivered, given, supplied: await supply.obtain() };
  } catch (error) {
    throw supply.withWayOn(world.signal.aborted ? interrupted() : error);
  }
}
