import { type Code, codes, optionNumbers, type Request } from '@mooring/coap';
import { type BootstrapClientRules, pelionBootstrapRules, standardBootstrapRules } from '../bootstrap/client-rules.ts';
import { pelionBootstrapQuery, standardBootstrapQuery } from '../bootstrap/request.ts';
import { contentFormats } from '../formats/content-format.ts';
import {
  pelionRegisterQuery,
  pelionUpdateQuery,
  standardRegisterQuery,
  standardUpdateQuery,
} from '../registration/client-query.ts';
import { formatRegisteredLinks, type RegisteredLinks } from '../registration/links.ts';
import type { ObjectTree } from './object-tree.ts';
import { pelionLinks, standardLinks } from './registration-links.ts';

/** Who the device is, as of now. */
export interface DeviceIdentity {
  /** For Pelion's clients the CN of the certificate that goes to the server in question. */
  readonly endpoint: string;
  /** The device id that the last bootstrap gave. */
  readonly internalEndpoint?: string;
  /** `coaps://host:port?aid=…`; of the server that is spoken to. */
  readonly serverUri: string;
}

/** How a kind of client speaks: what its requests look like, and what it answers where kinds differ. */
export interface Flavour {
  readonly version: '1.0' | '1.1';
  readonly framing: 'record' | 'stream' | 'datagram';
  readonly bootstrapRules: BootstrapClientRules;
  /** Of more than one value where a server asks for no format. */
  readonly severalFormat: number;
  /** Of answers with a payload. */
  readonly maxAge?: number;
  /** What a server hears that asks for object 0. */
  readonly securityCode: Code;
  /** Observations go on over a new connection while the registration lives. */
  readonly keepsObservations: boolean;
  /** The connection is tried after so many milliseconds of silence. */
  readonly pingAfter: number | undefined;
  /** Seconds: an update goes out at least so often. */
  readonly updateEvery?: number;
  links(tree: ObjectTree, nextNumber: () => number): RegisteredLinks;
  bootstrapRequest(identity: DeviceIdentity): Request;
  registerRequest(identity: DeviceIdentity, lifetime: number, links: RegisteredLinks): Request;
  updateRequest(location: readonly string[], lifetime: number | undefined, links: RegisteredLinks | undefined): Request;
}

/** Query parameters of a server's URI, as they stand there. */
export function uriParameters(serverUri: string): string[] {
  const question = serverUri.indexOf('?');
  return question < 0
    ? []
    : serverUri
        .slice(question + 1)
        .split('&')
        .filter((item) => item !== '');
}

const accountOf = (parameters: readonly string[]): string =>
  parameters.find((item) => item.startsWith('aid='))?.slice(4) ?? '';

/** Max-Age with an empty value, which Pelion's clients put into almost every message. */
const maxAgeZero = [{ number: optionNumbers.maxAge, value: new Uint8Array() }];

export interface PelionFlavourOptions {
  /** `4.13` is the last one; `4.1` Mbed Linux OS's. They differ in small things, see the code. */
  readonly generation: '4.13' | '4.1';
  /** `mccv`, such as `4.13.2`. */
  readonly clientVersion: string;
  /** `et`. */
  readonly endpointType?: string;
}

/** Speaks as Pelion's device clients do, over TLS with one message in a record. */
export function pelionFlavour({ generation, clientVersion, endpointType = 'default' }: PelionFlavourOptions): Flavour {
  const old = generation === '4.1';
  return {
    version: '1.0',
    framing: 'record',
    bootstrapRules: pelionBootstrapRules(generation),
    severalFormat: contentFormats.tlv,
    maxAge: 0,
    securityCode: codes.notFound,
    keepsObservations: true,
    pingAfter: 540_000,
    // The daemon of Mbed Linux OS asks for one by itself.
    ...(old ? { updateEvery: 300 } : {}),
    links: pelionLinks,
    bootstrapRequest: ({ endpoint, internalEndpoint, serverUri }) => ({
      method: 'POST',
      path: ['bs'],
      query: pelionBootstrapQuery({
        endpoint,
        uriParameters: uriParameters(serverUri),
        clientVersion,
        ...(internalEndpoint === undefined ? {} : { internalEndpoint }),
      }),
      options: maxAgeZero,
    }),
    registerRequest({ endpoint, serverUri }, lifetime, links) {
      const parameters = uriParameters(serverUri);
      return {
        method: 'POST',
        path: ['rd'],
        query: pelionRegisterQuery({
          endpoint,
          endpointType,
          lifetime,
          accountId: accountOf(parameters),
          uriParameters: parameters,
          clientVersion,
          ...(old ? {} : { version: '1.0' }),
        }),
        ...(old ? {} : { contentFormat: contentFormats.linkFormat }),
        options: maxAgeZero,
        payload: formatRegisteredLinks(links),
      };
    },
    updateRequest: (location, lifetime, links) => ({
      method: 'POST',
      path: location,
      query: pelionUpdateQuery(endpointType, lifetime),
      contentFormat: contentFormats.linkFormat,
      options: maxAgeZero,
      ...(links ? { payload: formatRegisteredLinks(links) } : {}),
    }),
  };
}

export interface StandardFlavourOptions {
  readonly version: '1.0' | '1.1';
  readonly framing: 'stream' | 'datagram';
  readonly binding?: string;
  readonly queueMode?: boolean;
}

/** Speaks as OMA's documents have it. */
export function standardFlavour({ version, framing, binding, queueMode = false }: StandardFlavourOptions): Flavour {
  const { senmlCbor, senmlJson, tlv, linkFormat, cbor } = contentFormats;
  const young = version === '1.1';
  const transport = binding ?? (framing === 'stream' && young ? 'T' : 'U');
  return {
    version,
    framing,
    bootstrapRules: standardBootstrapRules,
    severalFormat: young ? senmlCbor : tlv,
    securityCode: codes.unauthorized,
    keepsObservations: false,
    pingAfter: undefined,
    links: (tree) => standardLinks(tree, young ? [cbor, senmlJson, senmlCbor, tlv] : [tlv]),
    bootstrapRequest: ({ endpoint }) => ({
      method: 'POST',
      path: ['bs'],
      query: standardBootstrapQuery(endpoint, young ? senmlCbor : undefined),
    }),
    registerRequest: ({ endpoint }, lifetime, links) => ({
      method: 'POST',
      path: ['rd'],
      query: standardRegisterQuery({ endpoint, lifetime, version, binding: transport, queueMode }),
      contentFormat: linkFormat,
      payload: formatRegisteredLinks(links),
    }),
    updateRequest: (location, lifetime, links) => ({
      method: 'POST',
      path: location,
      query: standardUpdateQuery(lifetime === undefined ? {} : { lifetime }),
      ...(links ? { contentFormat: linkFormat, payload: formatRegisteredLinks(links) } : {}),
    }),
  };
}
