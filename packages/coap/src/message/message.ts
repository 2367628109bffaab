import type { Code } from './codes.ts';

export interface Option {
  readonly number: number;
  readonly value: Uint8Array;
}

/** What requests, responses and signals have in common on every transport. */
export interface Message {
  readonly code: Code;
  /** 0 to 8 bytes. */
  readonly token: Uint8Array;
  /** By ascending number; for one number as sent. */
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** In the order of their numbers on the wire (RFC 7252 §3). */
export const messageTypes = ['CON', 'NON', 'ACK', 'RST'] as const;
export type MessageType = (typeof messageTypes)[number];

/** With the head that makes a message reliable or recognizable as doubled: on datagrams, and in Pelion's TLS records. */
export interface DatagramMessage extends Message {
  readonly type: MessageType;
  /** 16 bits. */
  readonly id: number;
}

export const noBytes: Uint8Array = new Uint8Array();
export const noOptions: readonly Option[] = [];
