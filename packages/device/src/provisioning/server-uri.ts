/** What the client reads from a bootstrap or LwM2M server URI such as `coaps://host:5684?aid=0161…`. */
export interface ServerUri {
  readonly hasScheme: boolean;
  /** Behind `?aid=` or `&aid=`; undefined where there is none. */
  readonly accountId: string | undefined;
}

/** By the client's own rules, which are looser than RFC 3986 (fcc_verification.c of mbed-cloud-client). */
export function readServerUri(data: Uint8Array): ServerUri {
  const text = Buffer.from(data).toString('utf8');
  return { hasScheme: /^coaps?:\/\//.test(text), accountId: /[?&]aid=([^&#]*)/.exec(text)?.[1] };
}
