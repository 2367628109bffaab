import { parseArgs } from 'node:util';
import { isMooringError } from '@mooring/platform';
import { startVirtualDevice } from './device/virtual-device.ts';

const usage = `Runs a virtual MBL device until it gets SIGINT or SIGTERM, or its standard input ends.

  --root DIR         folder that is the device's root file system (made if need be)
  --hostname NAME    its name; by default the one it had, or a new mbed-linux-os-N
  --address ADDRESS  where its SSH server listens (127.0.0.1)
  --port PORT        its port; 0 takes a free one (0)
  --interface NAME   announce on this interface; may be repeated
  --no-mdns          do not announce it
  --keys-only        let root in only with a key of /home/root/.ssh/authorized_keys
  --client           run mbl-cloud-client, from a provisioning on
  --stay             do not end when standard input does
  --json             the ready line as one JSON object
`;

function readCommandLine() {
  const { values } = parseArgs({
    options: {
      root: { type: 'string' },
      hostname: { type: 'string' },
      address: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      interface: { type: 'string', multiple: true },
      'no-mdns': { type: 'boolean', default: false },
      'keys-only': { type: 'boolean', default: false },
      client: { type: 'boolean', default: false },
      stay: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (!values.help && values.root === undefined) throw new Error('--root DIR is needed.');
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new Error('--port takes 0 to 65535.');
  return values;
}

async function main(): Promise<number> {
  let values: ReturnType<typeof readCommandLine>;
  try {
    values = readCommandLine();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const stop = new Promise<void>((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
    if (values.stay) return;
    // Whoever started this process and dies, however, closes the pipe.
    process.stdin.on('end', resolve).on('close', resolve).on('error', resolve).resume();
  });
  try {
    const device = await startVirtualDevice({
      root: values.root as string,
      address: values.address,
      port: Number(values.port),
      mdns: !values['no-mdns'],
      client: values.client,
      access: values['keys-only'] ? 'keys' : 'open',
      ...(values.hostname === undefined ? {} : { hostname: values.hostname }),
      ...(values.interface === undefined ? {} : { mdnsInterfaces: values.interface }),
    });
    const { hostname, address, port, hostKey, root } = device;
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ hostname, address, port, hostKey, root, pid: process.pid })}\n`
        : `Virtual device ${hostname} is ready: ssh -p ${port} root@${address}\n`,
    );
    await stop;
    await device.close();
    return 0;
  } catch (error) {
    if (!isMooringError(error)) throw error;
    process.stderr.write(`${error.message}\n${error.next ?? ''}\n`);
    return 1;
  } finally {
    process.stdin.destroy();
  }
}

process.exitCode = await main();
