import type { FastifyRequest } from 'fastify';
import { ownAddress } from '../http/own-address.ts';

/** From where and with what somebody signs in. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
  /** By which address this service was reached: `https://host:port`. */
  readonly service: string;
}

const isLoopback = (address: string): boolean => /^(127\.|::1$|::ffff:127\.)/.test(address);

const last = (header: string | string[] | undefined): string | undefined =>
  [header].flat().at(-1)?.split(',').at(-1)?.trim() || undefined;

/**
 * Who is at the other end. What a proxy says of the address is believed only if it runs on this machine: anybody else
 * could write that header as well, and so be somebody new with every attempt.
 */
export function clientOf(request: FastifyRequest): Client {
  const { ip, headers } = request;
  const forwarded = isLoopback(ip) ? last(headers['x-forwarded-for']) : undefined;
  return {
    address: (forwarded ?? ip).replace(/^::ffff:/, '').slice(0, 64),
    userAgent: (headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 200),
    service: ownAddress(request),
  };
}

export const isSecure = ({ service }: Pick<Client, 'service'>): boolean => service.startsWith('https:');
