import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Signer } from '@mooring/manifest';
import { signingErrors } from './errors.ts';

export interface ExternalTool {
  /** As in the settings or the config: looked up in the current folder first, a bare name then on the PATH. */
  tool: string;
  /** What the tool knows its key by. */
  keyId: string;
  cwd: string;
  signal: AbortSignal;
  /** Told before the tool runs, for the log. */
  starting?: (command: readonly string[]) => void;
}

async function programOf(tool: string, cwd: string): Promise<string> {
  if (isAbsolute(tool)) return tool;
  const here = resolve(cwd, tool);
  const found = await access(here).then(
    () => true,
    () => false,
  );
  return found || tool.includes('/') ? here : tool;
}

/** Runs without a shell. What the tool prints goes to standard error: standard output may carry the manifest. */
function run(program: string, args: readonly string[], { tool, cwd, signal }: ExternalTool): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, signal, stdio: ['inherit', 2, 'inherit'] });
    child.on('error', (cause: NodeJS.ErrnoException) => {
      fail(
        signingErrors('signing.tool.missing', {
          message: `The signing tool ${tool} cannot be started: ${cause.code === 'ENOENT' ? 'there is no such program' : cause.message}.`,
          next: 'Check its path, which is taken from the current folder, and that it is executable.',
          cause,
          data: { tool },
        }),
      );
    });
    child.on('close', (code, by) => {
      if (code === 0) return done();
      fail(
        signingErrors('signing.tool.failed', {
          message: `The signing tool ${tool} ended with ${by ? `signal ${by}` : `status ${code}`}.`,
          next: 'What it said stands above; nothing was written.',
          data: { tool, status: code, signal: by },
        }),
      );
    });
  });
}

/**
 * A program that signs with a key which this one never sees, for instance in an HSM. It is run as
 * `TOOL sha256 KEY-ID INPUT-FILE OUTPUT-FILE`, in 1.x and 2.x alike: the input holds the bytes to sign (not their
 * hash), and the output shall hold a DER ECDSA signature. Both files lie in a folder that only this user can read and
 * are removed in any case.
 *
 * @throws MooringError `signing.tool.*` from `sign`
 */
export function externalToolSigner(options: ExternalTool): Signer {
  return {
    description: `signing tool ${options.tool}, key ${options.keyId}`,
    async sign(toBeSigned) {
      const folder = await mkdtemp(join(tmpdir(), 'manifest-sign-'));
      try {
        const [input, output] = [join(folder, 'to-be-signed'), join(folder, 'signature')];
        await writeFile(input, toBeSigned, { mode: 0o600 });
        // Some tools want to find the file they write to.
        await writeFile(output, '', { mode: 0o600 });
        const args = ['sha256', options.keyId, input, output];
        options.starting?.([options.tool, ...args]);
        await run(await programOf(options.tool, options.cwd), args, options);
        const signature = new Uint8Array(await readFile(output));
        if (signature.length === 0 || signature[0] !== 0x30) {
          throw signingErrors('signing.tool.failed', {
            message: `The signing tool ${options.tool} left ${signature.length === 0 ? 'no signature' : 'a signature that is not DER'}.`,
            next: 'It shall write a DER ECDSA signature into the file that is its fourth argument.',
            data: { tool: options.tool, size: signature.length },
          });
        }
        return signature;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
