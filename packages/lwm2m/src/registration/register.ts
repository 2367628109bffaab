import { contentFormats, unsupported } from '../formats/content-format.ts';
import { parseRegisteredLinks, type RegisteredLinks } from './links.ts';
import { invalidRegistration, lifetimeOf, nameOf, otherParameters, parseQuery } from './query.ts';

/** What a device says when it registers (OMA LwM2M 1.1 §6.2.1; Pelion's clients add et, d, aid and mccv). */
export interface Registration extends RegisteredLinks {
  /** `ep`; undefined where the device leaves it to its certificate, as 1.1 allows. */
  readonly endpoint: string | undefined;
  /** Seconds; 86400 where the device does not say. */
  readonly lifetime: number;
  /** `lwm2m`: `1.0`, `1.1`, `1.2`; `1.0` for clients of old that leave it out. */
  readonly version: string;
  /** Letters of the transports (`U`, `T`, `S`, `N`), without the `Q` of queue mode. */
  readonly binding: string;
  /** The device sleeps: requests are to wait until it is heard. */
  readonly queueMode: boolean;
  readonly smsNumber: string | undefined;
  /** `et`: the endpoint type. Pelion's own. */
  readonly endpointType: string | undefined;
  /** `aid`, or `d` where there is none: the account. Pelion's own. */
  readonly accountId: string | undefined;
  /** `mccv`: the version of Pelion's client; what tells one. */
  readonly clientVersion: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

const known = ['ep', 'lt', 'lwm2m', 'b', 'Q', 'sms', 'et', 'd', 'aid', 'mccv'];

function bindingOf(parameters: ReadonlyMap<string, string>): { binding: string; queueMode: boolean } | undefined {
  const text = parameters.get('b');
  if (text === undefined) return undefined;
  if (!/^[UTSNQMH]{1,8}$/.test(text)) invalidRegistration(`the binding "${text.slice(0, 20)}" is not one`);
  return { binding: text.replaceAll('Q', ''), queueMode: text.includes('Q') };
}

function linksOf(payload: Uint8Array, contentFormat: number | undefined): RegisteredLinks {
  // Pelion's clients before 4.13 name no content format.
  if (contentFormat !== undefined && contentFormat !== contentFormats.linkFormat) unsupported(contentFormat, 'links');
  return parseRegisteredLinks(payload);
}

export function parseRegister(
  query: readonly string[],
  payload: Uint8Array,
  contentFormat: number | undefined,
): Registration {
  const parameters = parseQuery(query);
  const version = parameters.get('lwm2m') ?? '1.0';
  if (!/^[0-9]{1,2}\.[0-9]{1,2}$/.test(version))
    invalidRegistration(`"${version.slice(0, 20)}" is not a version of LwM2M`);
  const binding = bindingOf(parameters);
  return {
    endpoint: nameOf(parameters, 'ep'),
    lifetime: lifetimeOf(parameters) ?? 86_400,
    version,
    binding: binding?.binding || 'U',
    queueMode: binding?.queueMode === true || parameters.has('Q'),
    smsNumber: nameOf(parameters, 'sms'),
    endpointType: nameOf(parameters, 'et'),
    accountId: nameOf(parameters, 'aid') ?? nameOf(parameters, 'd'),
    clientVersion: nameOf(parameters, 'mccv'),
    parameters: otherParameters(parameters, known),
    ...linksOf(payload, contentFormat),
  };
}

/** What an update changes; everything else stays as registered (OMA LwM2M 1.1 §6.2.2). */
export interface RegistrationUpdate {
  readonly lifetime?: number;
  readonly binding?: string;
  readonly queueMode?: boolean;
  readonly smsNumber?: string;
  readonly endpointType?: string;
  readonly links?: RegisteredLinks;
}

export function parseUpdate(
  query: readonly string[],
  payload: Uint8Array,
  contentFormat: number | undefined,
): RegistrationUpdate {
  const parameters = parseQuery(query);
  const [lifetime, binding] = [lifetimeOf(parameters), bindingOf(parameters)];
  const [smsNumber, endpointType] = [nameOf(parameters, 'sms'), nameOf(parameters, 'et')];
  return {
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(binding ? { binding: binding.binding || 'U', queueMode: binding.queueMode || parameters.has('Q') } : {}),
    ...(smsNumber === undefined ? {} : { smsNumber }),
    ...(endpointType === undefined ? {} : { endpointType }),
    ...(payload.length > 0 ? { links: linksOf(payload, contentFormat) } : {}),
  };
}
