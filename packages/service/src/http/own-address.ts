import type { FastifyRequest } from 'fastify';

const firstOf = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',')[0]?.trim() || undefined;

/**
 * How the caller has reached this service: `https://host:port`. A proxy on the way may say it better; who makes it up misleads
 * nobody else.
 */
export function ownAddress({ protocol, host, headers }: FastifyRequest): string {
  const forwarded = firstOf(headers['x-forwarded-proto']);
  const scheme = forwarded === 'https' || forwarded === 'http' ? forwarded : protocol;
  return `${scheme}://${firstOf(headers['x-forwarded-host']) ?? host}`;
}
