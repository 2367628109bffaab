import type { FoundDevice } from '../discovery/devices.ts';
import { discoveryErrors } from '../errors.ts';
import { interrupted } from '../interrupted.ts';
import type { Session } from './session.ts';

/** Writes the first line of the old tool, looks for devices and writes the list. */
export async function listDevices(
  session: Session,
  options: { isWanted?(device: FoundDevice): boolean } = {},
): Promise<FoundDevice[]> {
  const { output, signal } = session;
  output.line('Discovering devices. This will take up to 30 seconds.');
  const { browse } = await import('../discovery/browse.ts');
  const { deviceLines } = await import('../discovery/devices.ts');
  const devices = await browse({ signal, ...options });
  if (signal.aborted) throw interrupted();
  if (devices.length === 0) throw nothingFound();
  for (const line of deviceLines(devices)) output.line(line);
  output.line();
  return devices;
}

export const nothingFound = () =>
  discoveryErrors('discovery.nothing.found', {
    message: 'No devices found!',
    next: "Check that the device is on and on the same network as this machine, and that mDNS (UDP port 5353) is not blocked. If you know its address, use '-a ADDRESS' or 'select --address ADDRESS'.",
  });

/** For `--json`. */
export const deviceJson = (device: FoundDevice, index?: number) => ({
  ...(index === undefined ? {} : { index: index + 1 }),
  name: device.name,
  address: device.address,
  port: device.port,
  addresses: device.addresses,
});
