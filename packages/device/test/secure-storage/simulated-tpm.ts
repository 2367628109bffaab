import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ToolResult } from '../../src/secure-storage/spawned-tool.ts';
import { type Tpm, tpmTools } from '../../src/secure-storage/tpm/tools.ts';

interface NvIndex {
  counter: boolean;
  /** Undefined until it is written for the first time. */
  value?: bigint;
}

/** What stays in a TPM without power. */
export interface TpmState {
  readonly seed: string;
  readonly highest: bigint;
  readonly indexes: ReadonlyMap<string, Readonly<NvIndex>>;
}

/**
 * A TPM behind the programs of tpm2-tools, as far as the secure storage uses it: what lasts, what it refuses and with
 * which words. After each command that changes something lasting `afterEach` is called, the moment to cut the power.
 */
export class SimulatedTpm {
  /** The programs and arguments that were run. */
  readonly commands: string[][] = [];
  afterEach: (command: string) => void = () => undefined;
  #seed: string;
  #highest: bigint;
  #indexes: Map<string, NvIndex>;

  constructor(state: TpmState = { seed: randomBytes(8).toString('hex'), highest: 0n, indexes: new Map() }) {
    this.#seed = state.seed;
    this.#highest = state.highest;
    this.#indexes = new Map([...state.indexes].map(([index, nv]) => [index, { ...nv }]));
  }

  get state(): TpmState {
    const indexes = new Map([...this.#indexes].map(([index, nv]) => [index, { ...nv }]));
    return { seed: this.#seed, highest: this.#highest, indexes };
  }

  get tools(): Tpm {
    return tpmTools(async (program, args, more) => this.#run(program, args, more?.input), 'device:/dev/tpmrm0');
  }

  /** Puts an ordinary index, which can be set to any number, where a counter was. */
  replaceByOrdinary(index: string, value: bigint): void {
    this.#indexes.set(index, { counter: false, value });
  }

  clear(): void {
    this.#seed = randomBytes(8).toString('hex');
    this.#indexes.clear();
  }

  #run(program: string, args: readonly string[], input: Uint8Array | undefined): ToolResult {
    this.commands.push([program, ...args]);
    const option = (name: string) => args[args.indexOf(name) + 1] ?? '';
    const index = args.at(-1) ?? '';
    const found = this.#indexes.get(index);
    switch (program) {
      case 'tpm2_createprimary':
        writeFileSync(option('-c'), this.#seed);
        return done();
      case 'tpm2_create':
        writeFileSync(option('-u'), 'public');
        writeFileSync(option('-r'), JSON.stringify([this.#seed, Buffer.from(input ?? []).toString('hex')]));
        return done();
      case 'tpm2_load': {
        const sealed = readFileSync(option('-r'), 'utf8');
        if (!sealed.startsWith(JSON.stringify([this.#seed]).slice(0, -1))) {
          return refused('ERROR: Eys_Load(0x1DF) - tpm:parameter(1):integrity check failed', 1);
        }
        writeFileSync(option('-c'), sealed);
        return done();
      }
      case 'tpm2_unseal':
        return done(Buffer.from((JSON.parse(readFileSync(option('-c'), 'utf8')) as string[])[1] ?? '', 'hex'));
      case 'tpm2_nvreadpublic': {
        if (!found)
          return refused('ERROR: Esys_TR_FromTPMPublic(0x18B) - tpm:handle(1):the handle is not correct', 139);
        const value = (found.counter ? 0x2060016 : 0x2060006) + (found.value === undefined ? 0 : 0x20000000);
        const attributes = `  attributes:\n    friendly: ownerwrite\n    value: 0x${value.toString(16)}\n`;
        return done(Buffer.from(`${index}:\n  name: 00\n  hash algorithm:\n    value: 0xB\n${attributes}  size: 8\n`));
      }
      case 'tpm2_nvdefine':
        if (found) return refused('ERROR: Esys_NV_DefineSpace(0x14C) - NV Index already defined', 1);
        this.#indexes.set(index, { counter: true });
        return this.#changed(program);
      case 'tpm2_nvundefine':
        if (!found) return refused('ERROR: Esys_TR_FromTPMPublic(0x18B) - tpm:handle(1)', 1);
        this.#indexes.delete(index);
        return this.#changed(program);
      case 'tpm2_nvincrement':
        if (!found?.counter) return refused('ERROR: Esys_NV_Increment(0x148)', 1);
        found.value = (found.value ?? this.#highest) + 1n;
        if (found.value > this.#highest) this.#highest = found.value;
        return this.#changed(program);
      case 'tpm2_nvread': {
        if (found?.value === undefined) return refused('ERROR: Esys_NV_Read(0x14A)', 1);
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(found.value);
        return done(bytes);
      }
      default:
        throw new Error(`the simulated TPM has no ${program}`);
    }
  }

  #changed(program: string): ToolResult {
    this.afterEach(program);
    return done();
  }
}

const done = (output = Buffer.alloc(0)): ToolResult => ({ status: 0, output, said: '' });
const refused = (said: string, status: number): ToolResult => ({ status, output: Buffer.alloc(0), said });
