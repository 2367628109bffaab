import { type Certificate, type Der, importPrivateKey, parseCertificate } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { cProblem, getAnew } from './c-problem.ts';
import { type CVariable, parseCSource } from './c-source.ts';
import { credentialErrors } from './errors.ts';

/** The variables of one C file, asked for by name. Every error names file, line and variable. */
export class CFields {
  readonly file: string;
  readonly variables: readonly CVariable[];
  readonly #byName: ReadonlyMap<string, CVariable>;

  constructor(source: string, file: string) {
    this.file = file;
    this.variables = parseCSource(source, file);
    this.#byName = new Map(this.variables.map((variable) => [variable.name, variable]));
  }

  find(name: string): CVariable | undefined {
    return this.#byName.get(name);
  }

  has(prefix: string): boolean {
    return this.variables.some(({ name }) => name.startsWith(prefix));
  }

  get(name: string): CVariable {
    const found = this.find(name);
    if (found) return found;
    throw credentialErrors('credentials.variable.missing', {
      message: `${this.file} does not define ${name}.`,
      next: getAnew,
      data: { file: this.file, variable: name },
    });
  }

  invalid(name: string, reason: string, next: string = getAnew, cause?: unknown) {
    const place = { file: this.file, line: this.find(name)?.line ?? 0, variable: name };
    return cProblem('credentials.variable.invalid', place, reason, next, cause);
  }

  mismatch(name: string, reason: string, next: string = getAnew) {
    const place = { file: this.file, line: this.find(name)?.line ?? 0, variable: name };
    return cProblem('credentials.mismatch', place, reason, next);
  }

  text(name: string): string {
    const { kind, value } = this.get(name);
    if (kind !== 'text') throw this.invalid(name, 'a text in quotes is needed');
    return Buffer.from(value).toString('utf8');
  }

  /** A text that may not be empty. */
  filledText(name: string): string {
    const text = this.text(name);
    if (text === '') throw this.invalid(name, 'the text is empty');
    return text;
  }

  bytes(name: string): Uint8Array {
    const { kind, value } = this.get(name);
    if (kind !== 'bytes') throw this.invalid(name, 'an array of bytes is needed');
    return value;
  }

  /** An array of exactly this many bytes. */
  bytesOf(name: string, length: number): Uint8Array {
    const bytes = this.bytes(name);
    if (bytes.length === length) return bytes;
    throw this.invalid(name, `${length} bytes are needed, ${bytes.length} are given`);
  }

  /** A number, or one in quotes, which older files have. */
  number(name: string): number {
    const { kind, value } = this.get(name);
    if (kind === 'number') return new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
    const text = kind === 'text' ? Buffer.from(value).toString('utf8') : '';
    if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff) return Number(text);
    throw this.invalid(name, 'a number from 0 to 4294967295 is needed');
  }

  certificate(name: string, limit?: number): Certificate {
    const bytes = this.bytes(name);
    this.#checkDer(name, bytes, limit);
    try {
      return parseCertificate(bytes);
    } catch (cause) {
      throw this.#unreadable(name, 'the bytes are not a certificate', cause);
    }
  }

  privateKey(name: string, limit?: number) {
    const bytes = this.bytes(name);
    this.#checkDer(name, bytes, limit);
    try {
      return { der: bytes as Der, key: importPrivateKey(bytes) };
    } catch (cause) {
      throw this.#unreadable(name, 'the bytes are not a private key', cause);
    }
  }

  #checkDer(name: string, bytes: Uint8Array, limit: number | undefined): void {
    if (bytes.length === 0) throw this.invalid(name, 'the array is empty');
    // The array goes to the device as it is, and the clients read DER alone.
    if (bytes[0] !== 0x30) throw this.invalid(name, 'the bytes are not DER');
    if (limit === undefined || bytes.length <= limit) return;
    throw this.invalid(name, `it has ${bytes.length} bytes; devices take at most ${limit}`);
  }

  #unreadable(name: string, reason: string, cause: unknown): unknown {
    if (!isMooringError(cause)) return cause;
    return this.invalid(name, `${reason} (${cause.message.replace(/\.$/, '')})`, getAnew, cause);
  }
}
