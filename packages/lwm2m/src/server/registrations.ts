import { type Answer, type CoapConnection, type Code, codes, type IncomingRequest } from '@mooring/coap';
import { type Catalogue, standardCatalogue } from '../definitions/catalogue.ts';
import { decodeEntries } from '../formats/codec.ts';
import { contentFormats } from '../formats/content-format.ts';
import type { Entry } from '../model/node.ts';
import { refusingMalformed } from '../refusal.ts';
import { parseRegister, parseUpdate, type Registration, type RegistrationUpdate } from '../registration/register.ts';

/** What the requests of devices to an LwM2M server mean; a code other than success is what the device hears. */
export interface RegistrationHost {
  /** Gives the location, the segments after `rd`; durable before it resolves. `maxAge` (seconds, from 60) overrides a Pelion client's lifetime. */
  register(
    registration: Registration,
    connection: CoapConnection,
  ): Promise<{ readonly location: readonly string[]; readonly maxAge?: number } | { readonly refused: Code }>;
  /** 2.04, or 4.04 where there is no such registration: the device registers anew. */
  update(location: readonly string[], update: RegistrationUpdate, connection: CoapConnection): Promise<Code>;
  deregister(location: readonly string[], connection: CoapConnection): Promise<Code>;
  /** Values that a device of 1.1 sends of itself. */
  sent?(entries: readonly Entry[], connection: CoapConnection): Promise<Code>;
  /** A certificate request over EST (PKCS#10, DER), of the certificate with this name; undefined for the LwM2M account's. */
  enroll?(request: Uint8Array, name: string | undefined, connection: CoapConnection): Promise<Answer>;
}

async function atLocation(
  host: RegistrationHost,
  request: IncomingRequest,
  connection: CoapConnection,
): Promise<Answer> {
  const location = request.path.slice(1);
  switch (request.method) {
    // PUT was the method before 1.0 was finished.
    case 'POST':
    case 'PUT':
      return {
        code: await host.update(
          location,
          parseUpdate(request.query, request.payload, request.contentFormat),
          connection,
        ),
      };
    case 'DELETE':
      return { code: await host.deregister(location, connection) };
    default:
      return { code: codes.methodNotAllowed };
  }
}

async function register(host: RegistrationHost, request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
  if (request.method !== 'POST') return { code: codes.methodNotAllowed };
  const registration = parseRegister(request.query, request.payload, request.contentFormat);
  const result = await host.register(registration, connection);
  if ('refused' in result) return { code: result.refused };
  return {
    code: codes.created,
    locationPath: ['rd', ...result.location],
    ...(result.maxAge === undefined ? {} : { maxAge: result.maxAge }),
  };
}

/** Answers what devices ask of an LwM2M server: `/rd`, `/dp` and `/est`. For `CoapOptions.handler`. */
export function registrationHandler(
  host: RegistrationHost,
  catalogue: Catalogue = standardCatalogue,
): (request: IncomingRequest, context: { readonly connection: CoapConnection }) => Promise<Answer> {
  const answer = async (request: IncomingRequest, connection: CoapConnection): Promise<Answer> => {
    const { method, path } = request;
    switch (path[0]) {
      case 'rd':
        return path.length > 1 ? atLocation(host, request, connection) : register(host, request, connection);
      case 'dp': {
        if (!host.sent || path.length > 1) return { code: codes.notFound };
        if (method !== 'POST') return { code: codes.methodNotAllowed };
        const format = request.contentFormat ?? contentFormats.senmlCbor;
        return { code: await host.sent(decodeEntries(format, request.payload, catalogue), connection) };
      }
      case 'est': {
        if (!host.enroll || path.at(-1) !== 'sen' || path.length > 3) return { code: codes.notFound };
        if (method !== 'POST') return { code: codes.methodNotAllowed };
        return host.enroll(Uint8Array.from(request.payload), path.length === 3 ? path[1] : undefined, connection);
      }
      default:
        return { code: codes.notFound };
    }
  };
  return (request, { connection }) => refusingMalformed(() => answer(request, connection));
}
