import type { GenerationCounter } from '../key-provider.ts';
import { storageErrors } from '../storage-errors.ts';
import type { Tpm } from './tools.ts';

/** TPMA_NV, TPM 2.0 Library Part 2 §13.4: bits 7:4 are the type (1: counter), bit 29 says that it was written. */
const typeMask = 0xf0;
const counterType = 0x10;
const written = 0x2000_0000;

const attributes = 'nt=counter|ownerread|ownerwrite|authread|authwrite|no_da';

export type NvIndex = `0x${string}`;

/** Handles that the owner of the platform may give away (TCG Registry of reserved TPM 2.0 handles §2.2.2). */
export function isOwnersIndex(index: string): index is NvIndex {
  return /^0x01[89ab][0-9a-f]{5}$/.test(index);
}

type State = 'none' | 'other' | 'unwritten' | 'counting';

async function stateOf(tpm: Tpm, index: NvIndex): Promise<State> {
  const { status, output, said } = await tpm.run('tpm2_nvreadpublic', [index]);
  // TPM_RC_HANDLE for the first handle. Version 5.4 of the tool crashes after it has said so.
  if (/0x18b\b/i.test(said)) return 'none';
  if (status !== 0) throw tpm.failure('tpm2_nvreadpublic', said);
  const value = Number(/^ {2}attributes:\n(?: {4}.*\n)*? {4}value: (0x[0-9a-fA-F]+)$/m.exec(output.toString())?.[1]);
  // Not only is it there: an ordinary index at its place could be set to any number.
  if ((value & typeMask) !== counterType) return 'other';
  return value & written ? 'counting' : 'unwritten';
}

/**
 * Makes the counter if there is none. A new one starts above all that this TPM ever had (Part 3 §31.8): taking one
 * away and making it again does not wind it back.
 */
export async function makeCounter(tpm: Tpm, index: NvIndex): Promise<void> {
  let state = await stateOf(tpm, index);
  if (state === 'other') throw gone(index, 'something else is in its place');
  if (state === 'none') {
    await tpm.must('tpm2_nvdefine', ['-Q', '-C', 'o', '-s', '8', '-a', attributes, index]);
    state = 'unwritten';
  }
  if (state === 'unwritten') await tpm.must('tpm2_nvincrement', ['-C', 'o', index]);
}

export function removeCounter(tpm: Tpm, index: NvIndex): Promise<Buffer> {
  return tpm.must('tpm2_nvundefine', ['-Q', '-C', 'o', index]);
}

export function tpmCounter(tpm: Tpm, index: NvIndex): GenerationCounter {
  async function read(): Promise<bigint> {
    const state = await stateOf(tpm, index);
    if (state === 'none' || state === 'unwritten') throw gone(index, 'it is not there');
    if (state === 'other') throw gone(index, 'something else is in its place');
    const value = await tpm.must('tpm2_nvread', ['-C', 'o', '-s', '8', index]);
    if (value.length !== 8) throw gone(index, `it gives ${value.length} bytes`);
    return value.readBigUInt64BE();
  }

  async function advance(generation: bigint): Promise<void> {
    const counted = await read();
    if (generation <= counted) return;
    // The storage is at most one transaction ahead; anything else was counted by another TPM.
    if (generation !== counted + 1n) throw gone(index, `it stands at ${counted} and the storage at ${generation}`);
    await tpm.must('tpm2_nvincrement', ['-C', 'o', index]);
  }

  return { read, advance };
}

function gone(index: NvIndex, how: string): Error {
  return storageErrors('storage.counter.missing', {
    message: `The counter ${index} of the TPM, which tells old copies of the secure storage, cannot be used: ${how}.`,
    next: 'If the TPM was cleared, move the storage folder away and provision the device again; otherwise find out who changed the TPM.',
    data: { index },
  });
}
