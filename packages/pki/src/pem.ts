import { type Der, derBytes } from './der.ts';
import { pkiErrors } from './errors.ts';

declare const pem: unique symbol;
/** One or more PEM blocks (RFC 7468). */
export type Pem = string & { readonly [pem]: true };

export interface PemBlock {
  label: string;
  der: Der;
  /** Header lines such as `Proc-Type: 4,ENCRYPTED` were there (RFC 1421), so the data is not the bare DER. */
  headers: boolean;
}

/** PEM with lines of 64 characters and LF. */
export function pemOf(label: string, der: Uint8Array): Pem {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n` as Pem;
}

/** Whether the input is text with a PEM block in it, rather than DER. */
export const looksLikePem = (input: Uint8Array | string): boolean =>
  typeof input === 'string' || (input[0] !== 0x30 && Buffer.from(input).includes('-----BEGIN '));

const textOf = (input: Uint8Array | string): string =>
  typeof input === 'string' ? input : Buffer.from(input).toString('latin1');

/**
 * All blocks in order; what stands around them is skipped.
 *
 * @throws MooringError `pki.pem.malformed`, with the line
 */
export function pemBlocks(input: Uint8Array | string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; line: number; base64: string; headers: boolean } | undefined;
  const lines = textOf(input).split(/\r\n|\r|\n/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const fail = (reason: string): never => {
      throw pkiErrors('pki.pem.malformed', {
        message: `Line ${index + 1} of the PEM text: ${reason}.`,
        next: 'Check that the file is complete, from the BEGIN line to the END line.',
        data: { line: index + 1 },
      });
    };
    const [, edge, label = ''] = /^-----(BEGIN|END) ([ -~]{1,64})-----$/.exec(line) ?? [];
    if (edge === 'BEGIN') {
      if (open) fail(`a new block begins inside the one of line ${open.line}`);
      open = { label, line: index + 1, base64: '', headers: false };
    } else if (edge === 'END') {
      if (!open || open.label !== label) return fail(`END ${label} has no BEGIN ${label} before it`);
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(open.base64) || open.base64.length % 4 !== 0) {
        fail(`the block ${label} that ends here is not base64`);
      }
      blocks.push({ label, der: derBytes(Buffer.from(open.base64, 'base64')), headers: open.headers });
      open = undefined;
    } else if (open) {
      if (/^[A-Za-z-]+: /.test(line)) open.headers = true;
      else open.base64 += line;
    }
  }
  if (open) {
    throw pkiErrors('pki.pem.malformed', {
      message: `The PEM block ${open.label} that begins in line ${open.line} has no end.`,
      next: 'Check that the file is complete, from the BEGIN line to the END line.',
      data: { line: open.line },
    });
  }
  return blocks;
}

const missing = (wanted: string, blocks: readonly PemBlock[]) =>
  pkiErrors('pki.pem.malformed', {
    message:
      blocks.length === 0
        ? `There is no PEM block${wanted} in this text.`
        : `There is no PEM block${wanted} in this text, only ${blocks.map(({ label }) => label).join(', ')}.`,
    next: 'Check that the right file was given.',
  });

/**
 * The bytes of the first block, or of the first one with this label.
 *
 * @throws MooringError `pki.pem.malformed`
 */
export function derOf(pem: string, label?: string): Der {
  const blocks = pemBlocks(pem);
  const block = label === undefined ? blocks[0] : blocks.find((one) => one.label === label);
  if (!block) throw missing(label ? ` ${label}` : '', blocks);
  return block.der;
}

/** DER as it is; of PEM every block with one of the labels, at least one. @throws MooringError `pki.pem.malformed` */
export function derOfAll(input: Uint8Array | string, labels: readonly string[]): [Uint8Array, ...Uint8Array[]] {
  if (typeof input !== 'string' && !looksLikePem(input)) return [input];
  const blocks = pemBlocks(input);
  const [first, ...more] = blocks.filter(({ label }) => labels.includes(label)).map(({ der }) => der);
  if (!first) throw missing(` ${labels[0]}`, blocks);
  return [first, ...more];
}

/** As `derOfAll`, the first one. */
export const derOfEither = (input: Uint8Array | string, labels: readonly string[]): Uint8Array =>
  derOfAll(input, labels)[0];
