import { resolve } from 'node:path';
import { command } from './session.ts';
import { checkComplete, progressLine } from './transfer-progress.ts';

export const put = command({
  name: 'put',
  summary: 'Copy a file or folder to the device.',
  description: `Copies SRC_PATH of this machine to DST_PATH on the device: into it under its own name if that is a folder, else as DST_PATH. Permissions go along. A file appears on the device whole or not at all.`,
  positionals: [
    { name: 'src_path', help: 'File or folder on this machine.' },
    { name: 'dst_path', help: 'Where to put it on the device.' },
  ],
  options: [{ flags: ['-r', '--recursive'], name: 'recursive', help: 'Copy a folder with all it holds.' }],
  examples: [{ run: 'mbl-cli put payload.swu /scratch', does: 'copies an update payload to /scratch/payload.swu' }],
  async run(session, values) {
    const [source, target] = [String(values.src_path), String(values.dst_path)];
    session.output.line(`Putting ${source} on device.\n`);
    const copied = await session.onDevice(async (connection) => {
      const transfer = await import('../ssh/transfer.ts');
      const files = await transfer.openFiles(connection);
      const copy = {
        files,
        recursive: values.recursive === true,
        signal: session.signal,
        progress: progressLine(session),
      };
      return transfer.put(copy, resolve(session.cwd, source), target);
    });
    session.output.line('\n\nTransfer completed.');
    checkComplete(copied);
    return { source, target: copied.target, files: copied.files, bytes: copied.bytes };
  },
});
