import { isAbsolute, resolve, sep } from 'node:path';
import { command } from './session.ts';
import { checkComplete, progressLine } from './transfer-progress.ts';

export const get = command({
  name: 'get',
  summary: 'Copy a file or folder from the device.',
  description: `Copies SRC_PATH of the device to DST_PATH on this machine: into it under its own name if that is a folder, else as DST_PATH. Permissions go along. A file appears whole or not at all.`,
  positionals: [
    { name: 'src_path', help: 'File or folder on the device.' },
    { name: 'dst_path', help: 'Where to put it on this machine.' },
  ],
  options: [{ flags: ['-r', '--recursive'], name: 'recursive', help: 'Copy a folder with all it holds.' }],
  examples: [{ run: 'mbl-cli get -r /var/log logs', does: 'copies the logs of the device to the folder logs' }],
  async run(session, values) {
    const [source, target] = [String(values.src_path), String(values.dst_path)];
    session.output.line(`Getting ${source} from device.\n`);
    const copied = await session.onDevice(async (connection) => {
      const transfer = await import('../ssh/transfer.ts');
      const files = await transfer.openFiles(connection);
      const copy = {
        files,
        recursive: values.recursive === true,
        signal: session.signal,
        progress: progressLine(session),
      };
      return transfer.get(copy, source, localPath(session.cwd, target));
    });
    session.output.line('\n\nTransfer completed.');
    checkComplete(copied);
    return { source, target: copied.target, files: copied.files, bytes: copied.bytes };
  },
});

/** Absolute, with a slash at the end if there was one: it says that a folder is meant. */
function localPath(cwd: string, path: string): string {
  const absolute = isAbsolute(path) ? path : resolve(cwd, path);
  return /[\\/]$/.test(path) && !absolute.endsWith(sep) ? absolute + sep : absolute;
}
