/** How many of each an account may have; generous, and there to stop a script that has gone wrong. */
export interface Limits {
  readonly apiKeys: number;
  readonly policyGroups: number;
  /** Developer certificates are among them. */
  readonly trustedCertificates: number;
  readonly developerCertificates: number;
}

/** What the rules of the service need to know of how it is run. */
export interface ServiceSettings {
  /** Host name or address in every URI handed out to devices; an IPv6 address without brackets. */
  readonly publicHost: string;
  readonly bootstrapPort: number;
  readonly lwm2mPort: number;
  readonly limits: Limits;
}

export const defaultLimits: Limits = {
  apiKeys: 10_000,
  policyGroups: 1_000,
  trustedCertificates: 1_000_000,
  developerCertificates: 1_000_000,
};
