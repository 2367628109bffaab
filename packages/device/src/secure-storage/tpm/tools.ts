import { existsSync } from 'node:fs';
import { complaint, type RunTool, type ToolResult } from '../spawned-tool.ts';
import { storageErrors } from '../storage-errors.ts';

/** A TPM 2.0 through the programs of tpm2-tools, from version 4 on. */
export interface Tpm {
  run(program: string, args: readonly string[], input?: Uint8Array): Promise<ToolResult>;
  /** Its standard output. @throws MooringError `storage.key.tool.failed` */
  must(program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer>;
  failure(program: string, said: string): Error;
}

/** By codes of TPM 2.0 Library Part 2 §6.6.3, and the words of tpm2-tools for what comes before the TPM. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /Could not load tcti|instantiate TCTI|Failed to open specified TCTI/,
    'Check that the device has a TPM (/dev/tpmrm0) which this user may use; TPM2TOOLS_TCTI names another way to it.',
  ],
  [
    /0x9a2\b|0x98e\b|Invalid (hierarchy )?authorization/i,
    'The owner hierarchy of the TPM has a password. It has to have none for this use.',
  ],
  [/0x921\b/, 'The TPM has locked itself after wrong passwords; wait, or clear the lockout (tpm2_dictionarylockout).'],
  [/0x14b\b|0x15b\b/i, 'The TPM has no room for another counter: remove one that is not needed (tpm2_nvundefine).'],
];

/**
 * Without a resource manager what a command loads stays in the TPM, which has room for three things: it is flushed
 * after each command. With one that is its work, and done when the command ends.
 */
function isManaged(tcti: string | undefined): boolean {
  return tcti ? /tabrmd|tpmrm/.test(tcti) : existsSync('/dev/tpmrm0');
}

/** @param tcti the setting TPM2TOOLS_TCTI, which the tools read from the environment */
export function tpmTools(runTool: RunTool, tcti: string | undefined): Tpm {
  const managed = isManaged(tcti);
  const failure = (program: string, said: string): Error =>
    storageErrors('storage.key.tool.failed', {
      message: `The TPM did not do what was asked of it: ${program}: ${complaint(said)}.`,
      next: remedies.find(([pattern]) => pattern.test(said))?.[1] ?? `Try "${program}" by hand.`,
      data: { program },
    });

  async function run(program: string, args: readonly string[], input?: Uint8Array): Promise<ToolResult> {
    const done = await runTool(program, args, input && { input });
    if (!managed) await runTool('tpm2_flushcontext', ['-Q', '-t']);
    return done;
  }

  async function must(program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    const { status, output, said } = await run(program, args, input);
    if (status !== 0) throw failure(program, said);
    return output;
  }

  return { run, must, failure };
}
