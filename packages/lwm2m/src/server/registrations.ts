import { type Answer, type CoapConnection, type Code, codes, type IncomingRequest, isSuccess } from '@mooring/coap';
import { backgroundTimers, type Timers } from '@mooring/platform';
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
  /**
   * The device has the answer to a registration or an update: what is sent to it from now on does not overtake that, as
   * it would from within `register` and `update`.
   */
  answered?(location: readonly string[], connection: CoapConnection): void;
  /** 2.04, or 4.04 where there is no such registration: the device registers anew. */
  update(location: readonly string[], update: RegistrationUpdate, connection: CoapConnection): Promise<Code>;
  deregister(location: readonly string[], connection: CoapConnection): Promise<Code>;
  /** Values that a device of 1.1 sends of itself. */
  sent?(entries: readonly Entry[], connection: CoapConnection): Promise<Code>;
  /** A certificate request over EST (PKCS#10, DER), of the certificate with this name; undefined for the LwM2M account's. */
  enroll?(request: Uint8Array, name: string | undefined, connection: CoapConnection): Promise<Answer>;
}

class Registrations {
  readonly #host: RegistrationHost;
  readonly #catalogue: Catalogue;
  readonly #timers: Timers;

  constructor(host: RegistrationHost, catalogue: Catalogue, timers: Timers) {
    this.#host = host;
    this.#catalogue = catalogue;
    this.#timers = timers;
  }

  async answer(request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
    const { method, path } = request;
    switch (path[0]) {
      case 'rd':
        if (path.length > 1) return this.#atLocation(request, connection);
        return method === 'POST' ? this.#register(request, connection) : { code: codes.methodNotAllowed };
      case 'dp':
        if (!this.#host.sent || path.length > 1) return { code: codes.notFound };
        return method === 'POST' ? this.#sent(request, connection) : { code: codes.methodNotAllowed };
      case 'est':
        if (!this.#host.enroll || path.at(-1) !== 'sen' || path.length > 3) return { code: codes.notFound };
        if (method !== 'POST') return { code: codes.methodNotAllowed };
        return this.#host.enroll(Uint8Array.from(request.payload), path.length === 3 ? path[1] : undefined, connection);
      default:
        return { code: codes.notFound };
    }
  }

  async #register(request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
    const registration = parseRegister(request.query, request.payload, request.contentFormat);
    const result = await this.#host.register(registration, connection);
    if ('refused' in result) return { code: result.refused };
    const { location, maxAge } = result;
    this.#afterwards(location, connection);
    return { code: codes.created, locationPath: ['rd', ...location], ...(maxAge === undefined ? {} : { maxAge }) };
  }

  async #atLocation(request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
    const location = request.path.slice(1);
    switch (request.method) {
      // PUT was the method before 1.0 was finished.
      case 'POST':
      case 'PUT': {
        const update = parseUpdate(request.query, request.payload, request.contentFormat);
        const code = await this.#host.update(location, update, connection);
        if (isSuccess(code)) this.#afterwards(location, connection);
        return { code };
      }
      case 'DELETE':
        return { code: await this.#host.deregister(location, connection) };
      default:
        return { code: codes.methodNotAllowed };
    }
  }

  async #sent(request: IncomingRequest, connection: CoapConnection): Promise<Answer> {
    const format = request.contentFormat ?? contentFormats.senmlCbor;
    const entries = decodeEntries(format, request.payload, this.#catalogue);
    return { code: (await this.#host.sent?.(entries, connection)) ?? codes.notFound };
  }

  #afterwards(location: readonly string[], connection: CoapConnection): void {
    if (this.#host.answered) this.#timers.after(0, () => this.#host.answered?.(location, connection));
  }
}

/** Answers what devices ask of an LwM2M server: `/rd`, `/dp` and `/est`. For `CoapOptions.handler`. */
export function registrationHandler(
  host: RegistrationHost,
  options: { readonly catalogue?: Catalogue; readonly timers?: Timers } = {},
): (request: IncomingRequest, context: { readonly connection: CoapConnection }) => Promise<Answer> {
  const { catalogue = standardCatalogue, timers = backgroundTimers } = options;
  const registrations = new Registrations(host, catalogue, timers);
  return (request, { connection }) => refusingMalformed(() => registrations.answer(request, connection));
}
