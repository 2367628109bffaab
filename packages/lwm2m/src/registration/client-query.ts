/** What the client's side of a registration says. Both flavours put it in the order of the clients they stand for. */
export interface RegisterParameters {
  readonly endpoint: string;
  /** Seconds. */
  readonly lifetime: number;
}

export interface PelionRegisterParameters extends RegisterParameters {
  readonly endpointType: string;
  readonly accountId: string;
  /** Left out by clients before 4.13. */
  readonly version?: string;
  readonly clientVersion: string;
  /** Query parameters of the server's URI, `aid=…` first of all. */
  readonly uriParameters: readonly string[];
}

export interface StandardRegisterParameters extends RegisterParameters {
  readonly version: '1.0' | '1.1';
  readonly binding: string;
  readonly queueMode: boolean;
}

/** As Pelion's clients register. */
export function pelionRegisterQuery(parameters: PelionRegisterParameters): string[] {
  const { endpoint, endpointType, lifetime, version, accountId, uriParameters, clientVersion } = parameters;
  return [
    `ep=${endpoint}`,
    `et=${endpointType}`,
    `lt=${lifetime}`,
    ...(version === undefined ? [] : [`lwm2m=${version}`]),
    `d=${accountId}`,
    'b=U',
    ...uriParameters,
    `mccv=${clientVersion}`,
  ];
}

/** As OMA's documents have it: queue mode is part of the binding in 1.0, a flag in 1.1 (§6.2.1 of both). */
export function standardRegisterQuery(parameters: StandardRegisterParameters): string[] {
  const { endpoint, lifetime, version, binding, queueMode } = parameters;
  const old = version === '1.0';
  return [
    `ep=${endpoint}`,
    `lt=${lifetime}`,
    `lwm2m=${version}`,
    `b=${binding}${queueMode && old ? 'Q' : ''}`,
    ...(queueMode && !old ? ['Q'] : []),
  ];
}

/** An update of a Pelion client names its endpoint type always, its lifetime only where it says it anew. */
export const pelionUpdateQuery = (endpointType: string, lifetime?: number): string[] => [
  `et=${endpointType}`,
  ...(lifetime === undefined ? [] : [`lt=${lifetime}`]),
];

/** A standard client names what has changed. */
export const standardUpdateQuery = (changed: { lifetime?: number; binding?: string }): string[] => [
  ...(changed.lifetime === undefined ? [] : [`lt=${changed.lifetime}`]),
  ...(changed.binding === undefined ? [] : [`b=${changed.binding}`]),
];
