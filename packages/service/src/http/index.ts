export type { Authenticator, Credentials } from './authentication.ts';
export { httpErrors } from './errors.ts';
export { openApiDocument, renderRestReference, restReference } from './reference.ts';
export { createHttpServer, type HttpServerOptions } from './server.ts';
