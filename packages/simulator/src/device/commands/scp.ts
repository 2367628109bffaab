import { receive } from '../scp/sink.ts';
import { send } from '../scp/source.ts';
import { ByteReader } from '../shell/byte-reader.ts';
import { CommandFailure, type DeviceCommand } from '../shell/job.ts';
import { readOptions } from '../shell/options.ts';

/** The far side of a copy, as `scp` and Python's `scp` module start it; not a client. */
export const scp: DeviceCommand = async (job) => {
  const options = readOptions(job.arguments, 'tfrpdvq');
  const input = new ByteReader(job.stdin);
  const { operands } = options;
  const common = { recursive: options.has('r'), keepTimes: options.has('p') };
  if (options.has('t') && !options.has('f')) {
    const [target] = operands;
    if (target === undefined || operands.length > 1) throw new CommandFailure('ambiguous target');
    return receive(job, input, target, { ...common, folderOnly: options.has('d') });
  }
  if (options.has('f') && operands.length > 0) return send(job, input, operands, common);
  throw new CommandFailure('this device only answers to scp; start the copy from the host');
};
