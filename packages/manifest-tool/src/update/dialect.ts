/** How one of the old tools spells its requests to the service. */
export interface Dialect {
  /** What every path ends with. */
  readonly pathEnd: '' | '/';
  /** On requests without a body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The type of the file in a form. */
  readonly fileType: string | undefined;
}

/** mbed-cloud-sdk 2.2.0 for Python, with which manifest-tool 1.4.8 works. */
export const sdkDialect: Dialect = {
  pathEnd: '/',
  headers: { 'Content-Type': 'application/json' },
  fileType: 'application/octet-stream',
};

/** manifest-dev-tool 2.6.2. */
export const devToolDialect: Dialect = { pathEnd: '', headers: {}, fileType: undefined };
