import { StringDecoder } from 'node:string_decoder';

/**
 * Turns the paths of this machine in a program's output into those of the device. Text comes in pieces of any size:
 * what could be the beginning of a path is kept until it is clear.
 */
export class DevicePaths {
  readonly #root: string;
  readonly #decoder = new StringDecoder('utf8');
  #held = '';

  /** @param root the device's root folder on this machine */
  constructor(root: string) {
    this.#root = root;
  }

  push(data: Uint8Array): string {
    return this.#map(this.#held + this.#decoder.write(Buffer.from(data)), false);
  }

  end(): string {
    return this.#map(this.#held + this.#decoder.end(), true);
  }

  #map(text: string, isEnd: boolean): string {
    const root = this.#root;
    let mapped = '';
    let from = 0;
    for (let at = text.indexOf(root); at >= 0; at = text.indexOf(root, from)) {
      const after = at + root.length;
      if (after === text.length && !isEnd) {
        this.#held = text.slice(at);
        return mapped + text.slice(from, at);
      }
      const next = text[after] ?? '';
      const isPath = !/[\w.-]/.test(next);
      mapped += text.slice(from, at) + (isPath ? (next === '/' ? '' : '/') : root);
      from = after;
    }
    const rest = text.slice(from);
    let hold = 0;
    for (let length = Math.min(rest.length, root.length - 1); length > 0 && !isEnd && hold === 0; length--) {
      if (root.startsWith(rest.slice(-length))) hold = length;
    }
    this.#held = rest.slice(rest.length - hold);
    return mapped + rest.slice(0, rest.length - hold);
  }
}
