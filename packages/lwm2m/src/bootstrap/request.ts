import { invalidRegistration, nameOf, otherParameters, parseQuery } from '../registration/query.ts';

/** What a device says when it asks to be bootstrapped (OMA LwM2M 1.1 §6.1.7.1; Pelion's clients add aid, iep, mccv). */
export interface BootstrapRequest {
  /** `ep`; undefined where the device leaves it to its certificate, as 1.1 allows. */
  readonly endpoint: string | undefined;
  /** `pct`: the content format in which the device wants to be written to; 1.1. */
  readonly preferredFormat: number | undefined;
  readonly accountId: string | undefined;
  /** `iep`: the device id that it was given when it was bootstrapped before. Pelion's own. */
  readonly internalEndpoint: string | undefined;
  /** `mccv`: the version of Pelion's client; what tells one. */
  readonly clientVersion: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

const known = ['ep', 'pct', 'aid', 'iep', 'mccv'];

export function parseBootstrapRequest(query: readonly string[]): BootstrapRequest {
  const parameters = parseQuery(query);
  const preferred = parameters.get('pct');
  if (preferred !== undefined && !/^[0-9]{1,5}$/.test(preferred)) {
    invalidRegistration(`"${preferred.slice(0, 20)}" is not a content format`);
  }
  return {
    endpoint: nameOf(parameters, 'ep'),
    preferredFormat: preferred === undefined ? undefined : Number(preferred),
    accountId: nameOf(parameters, 'aid'),
    internalEndpoint: nameOf(parameters, 'iep'),
    clientVersion: nameOf(parameters, 'mccv'),
    parameters: otherParameters(parameters, known),
  };
}

/** As Pelion's clients ask: the parameters of the bootstrap server's URI are repeated between name and version. */
export function pelionBootstrapQuery(parameters: {
  endpoint: string;
  uriParameters: readonly string[];
  internalEndpoint?: string;
  clientVersion: string;
}): string[] {
  const { endpoint, uriParameters, internalEndpoint, clientVersion } = parameters;
  return [
    `ep=${endpoint}`,
    ...uriParameters,
    ...(internalEndpoint === undefined ? [] : [`iep=${internalEndpoint}`]),
    `mccv=${clientVersion}`,
  ];
}

export const standardBootstrapQuery = (endpoint: string, preferredFormat?: number): string[] => [
  `ep=${endpoint}`,
  ...(preferredFormat === undefined ? [] : [`pct=${preferredFormat}`]),
];
