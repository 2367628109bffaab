import type { SecureChannel } from '@mooring/transport';
import { hex, hexOf } from '../bytes.ts';

/** One end of a channel that speaks bytes: a real peer of which only what it sent is known. */
export class Wire {
  readonly heard: string[] = [];
  closedByPeer: boolean | undefined;
  readonly #channel: SecureChannel;

  constructor(channel: SecureChannel) {
    this.#channel = channel;
    channel.listen({
      message: (data) => this.heard.push(hexOf(data)),
      ended: ({ byPeer }) => {
        this.closedByPeer = byPeer;
      },
    });
  }

  /** Sends one message, written in hex. */
  say(text: string): void {
    this.#channel.send(hex(text));
  }

  /** Message id and token, as they are repeated in an answer. */
  static idOf(message: string | undefined): string {
    return (message ?? '').slice(4, 8);
  }

  static tokenOf(message: string | undefined): string {
    const length = Number.parseInt((message ?? '0').charAt(1), 16);
    return (message ?? '').slice(8, 8 + 2 * length);
  }

  /** What is not the same from run to run, taken out: id and token. */
  static shape(message: string | undefined): string {
    const length = Number.parseInt((message ?? '0').charAt(1), 16);
    return `${(message ?? '').slice(0, 4)}…${(message ?? '').slice(8 + 2 * length)}`;
  }
}
